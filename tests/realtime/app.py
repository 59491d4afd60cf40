"""The sockets, and over HTTP a page that watches a room, for the browser."""

from __future__ import annotations

from typing import Any

from channels.routing import ProtocolTypeRouter

from realtime.asgi import application as live


async def pages(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


application = ProtocolTypeRouter({"http": pages, "websocket": live})
