"""The design of the Channels tutorial: a consumer a socket, a group a topic, one ``send`` a delivery.

Run as ``python -m tests.benchmarks.peers.tutorial PORT VALKEY_URL``.
"""

from __future__ import annotations

import sys
from typing import Any

import django
from django.conf import settings

GROUP = "chat_lobby"


def layer(valkey_url: str) -> dict[str, Any]:
    return {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [valkey_url], "prefix": "tutorial"},
        }
    }


def main() -> None:
    port, valkey_url = sys.argv[1:]
    settings.configure(CHANNEL_LAYERS=layer(valkey_url), SECRET_KEY="benchmark", ALLOWED_HOSTS=["*"])
    django.setup()
    from channels.generic.websocket import AsyncWebsocketConsumer
    from channels.routing import ProtocolTypeRouter, URLRouter
    from daphne.server import Server
    from django.urls import path

    class ChatConsumer(AsyncWebsocketConsumer):
        async def connect(self) -> None:
            await self.channel_layer.group_add(GROUP, self.channel_name)
            await self.accept()

        async def disconnect(self, code: int) -> None:
            await self.channel_layer.group_discard(GROUP, self.channel_name)

        async def chat_message(self, event: dict[str, Any]) -> None:
            await self.send(text_data=event["message"])

    application = ProtocolTypeRouter({"websocket": URLRouter([path("ws/", ChatConsumer.as_asgi())])})
    Server(application, endpoints=[f"tcp:port={port}:interface=127.0.0.1:backlog=4096"], verbosity=0).run()


if __name__ == "__main__":
    main()
