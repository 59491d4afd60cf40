"""Sockets, and in the demo pages too."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dangjian.config.settings")
http = get_asgi_application()

from realtime.asgi import application as live  # noqa: E402  (needs the apps loaded)

application = ProtocolTypeRouter({"http": http, "websocket": live})
