"""Publishes from a process of its own, so that the servers' CPU is theirs alone.

``python -m tests.benchmarks.publish product`` (through the outbox of district huiji) or ``… tutorial VALKEY_URL``;
each line on standard input is ``{"events": K, "gap": seconds}``.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import django

TEXT = "今天上午的主题党日，沿河走了四公里，边走边捡。"


def product() -> Callable[[int], None]:
    django.setup()
    from realtime import outbox
    from tenants import registry
    from tenants.context import in_district

    district = registry.district("huiji")

    def publish(number: int) -> None:
        with in_district(district), outbox.atomic():
            outbox.record(topic="feed", kind="post.created", data={"n": number, "text": TEXT})

    return publish


def tutorial(valkey_url: str) -> Callable[[int], None]:
    from asgiref.sync import async_to_sync
    from django.conf import settings

    from tests.benchmarks.peers.tutorial import GROUP, layer

    settings.configure(CHANNEL_LAYERS=layer(valkey_url), SECRET_KEY="benchmark")
    django.setup()
    from channels.layers import get_channel_layer

    channel_layer = get_channel_layer()

    def publish(number: int) -> None:
        message = json.dumps({"n": number, "text": TEXT}, ensure_ascii=False)
        async_to_sync(channel_layer.group_send)(GROUP, {"type": "chat.message", "message": message})

    return publish


def main() -> None:
    publish = product() if sys.argv[1] == "product" else tutorial(sys.argv[2])
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        for number in range(order["events"]):
            publish(number)
            time.sleep(order["gap"])
        print("done", flush=True)


if __name__ == "__main__":
    main()
