"""The sockets, and over HTTP a page that watches a room and the REST twin, for the browser."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from channels.routing import ProtocolTypeRouter

import realtime
from realtime import rest, topics
from realtime.asgi import application as live
from tests.realtime.house import KINDS, House

PAGE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module">
import { connect } from "/live.js";
const ask = new URLSearchParams(location.search);
window.seen = []; window.gauges = []; window.states = []; window.reloads = []; window.left = []; window.ended = 0;
window.live = connect({ onEnded: () => { window.ended += 1; }, timing: {
  handshake: 1500, heartbeat: 300, patience: 400, backoff: 40, backoffMax: 400, poll: 100, retrySocket: 400 } });
window.states.push(live.state);
live.addEventListener("state", (event) => window.states.push(event.detail.state));
window.watch = (topic, position) => live.join(topic, position, {
  onEvent: (event) => window.seen.push(event.seq),
  onGauge: (data) => window.gauges.push(data),
  onReload: (position) => window.reloads.push(position),
  onLeft: (code) => window.left.push(code),
});
watch(ask.get("topic"), ask.has("since") ? { seq: Number(ask.get("since")), epoch: ask.get("epoch") } : null);
</script>"""


async def pages(scope: dict[str, Any], receive: Any, send: Any) -> None:
    status, kind, body = await asyncio.to_thread(_answer, scope)
    headers = [(b"content-type", kind), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _answer(scope: dict[str, Any]) -> tuple[int, bytes, bytes]:
    if scope["path"] == "/state":
        return 200, b"text/plain", live.state.encode()
    if scope["path"] == "/page":
        return 200, b"text/html", PAGE.encode()
    if scope["path"] == "/live.js":
        return 200, b"text/javascript", Path(realtime.__path__[0], "static/realtime/live.js").read_bytes()
    if scope["path"] == "/api/v1/events/":
        site = House()
        key = site.partition(scope)
        return site.run(key, _events, site, scope) if key else (404, b"text/plain", b"")
    return 404, b"text/plain", b""


def _events(site: House, scope: dict[str, Any]) -> tuple[int, bytes, bytes]:
    (viewer,) = site.authenticate([scope])
    if viewer is None:
        return 401, b"text/plain", b""
    asked = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
    since = int(asked["since"]) if "since" in asked else None
    try:
        answer = rest.events(person=viewer.id, topic=asked["topic"], since=since, epoch=asked.get("epoch"))
    except rest.NotFound:
        return 404, b"text/plain", b""
    return 200, b"application/json", json.dumps(answer).encode()


for kind in KINDS:
    topics.register(kind)
application = ProtocolTypeRouter({"http": pages, "websocket": live})
