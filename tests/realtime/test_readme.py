"""What realtime/README.md promises to those who take the package with them."""

from __future__ import annotations

import asyncio
import importlib
import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import realtime
from realtime.testing import LiveClient
from tests.realtime.serving import Server, Stage

README = (Path(realtime.__path__[0]) / "README.md").read_text(encoding="utf-8")


def public() -> list[tuple[str, str]]:
    """Module and name of everything the table of the README lists."""
    found = []
    for line in README.partition("## What is public")[2].splitlines():
        module, *names = re.findall(r"`([\w.]+)`", line) if line.startswith("| `") else [""]
        owner = module
        for name in names:
            if name.startswith("realtime."):
                importlib.import_module(name)
            elif name != "state":
                found.append((owner, name))
    return found


@pytest.mark.parametrize(("module", "name"), public())
def test_what_is_public_is_there_and_typed(module: str, name: str) -> None:
    thing = getattr(importlib.import_module(module), name)
    if callable(thing) and not isinstance(thing, type) and hasattr(thing, "__annotations__"):
        assert "return" in thing.__annotations__ or name == "application", f"{module}.{name} has no types"
    assert (Path(realtime.__path__[0]) / "py.typed").exists()


def test_join_expect_resume_in_three_lines(start_server: Callable[..., Server], stage: Stage) -> None:
    """The lines of the README themselves, in the tests' house."""
    lines = re.search(r"```python\n(async with LiveClient.*?)```", README, re.DOTALL)
    assert lines is not None
    written = lines[1].replace("example.localhost", "a.localhost").replace("room:1", stage.topic)
    written = written.replace("message.created", "said")
    story = f"async def story(port, cookie):\n{textwrap.indent(written, '    ')}    return event, again\n"
    names: dict[str, object] = {"LiveClient": LiveClient}
    exec(compile(story, "README.md", "exec"), names)

    async def run() -> None:
        server = start_server()
        await stage.sign_in(7)

        async def talk() -> None:
            while True:
                await asyncio.sleep(0.2)
                await stage.say("早")

        talking = asyncio.create_task(talk())
        event, again = await names["story"](server.port, "session=s7")  # type: ignore[operator]
        assert event["data"] == {"text": "早"}
        await again.expect("event", seq=event["seq"] + 1)
        await again.socket.close()
        talking.cancel()

    asyncio.run(run())
