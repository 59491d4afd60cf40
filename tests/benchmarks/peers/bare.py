"""Stock Daphne under the smallest ASGI application there is: accept, then listen. Run with a port.

Only the backlog is not stock: at Daphne's own of 50 five thousand connects take over a minute.
"""

from __future__ import annotations

import sys
from typing import Any

from daphne.server import Server


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] == "websocket.receive":
        pass


if __name__ == "__main__":
    endpoint = f"tcp:port={sys.argv[1]}:interface=127.0.0.1:backlog=4096"
    Server(application, endpoints=[endpoint], verbosity=0).run()
