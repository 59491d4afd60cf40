"""The product's settings with the tests' house, for server processes."""

import os

from dangjian.config.settings import *  # noqa: F403
from dangjian.config.settings import DATABASES

REALTIME = {"site": "tests.realtime.house.House", "insecure_origins": True}
ASGI_APPLICATION = "tests.realtime.app.application"
if os.environ.get("LIVE_LAYER"):
    CHANNEL_LAYERS = {"default": {"BACKEND": os.environ["LIVE_LAYER"]}}
DATABASES["default"]["NAME"] = os.environ["LIVE_DATABASE"]
