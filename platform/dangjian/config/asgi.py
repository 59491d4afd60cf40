"""Sockets, and in the demo pages too."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dangjian.config.settings")
http = get_asgi_application()

from dangjian.config.checks import refuse_insecure_settings  # noqa: E402  (needs the apps loaded)
from dangjian.config.observability import serve_metrics  # noqa: E402
from realtime.asgi import application as live  # noqa: E402

refuse_insecure_settings()
serve_metrics()
application = ProtocolTypeRouter({"http": http, "websocket": live})
