"""The product's settings with the tests' house, for server processes."""

import os

from dangjian.config.settings import *  # noqa: F403
from dangjian.config.settings import DATABASES

REALTIME = {
    "site": "tests.realtime.house.House",
    "insecure_origins": True,
    "lame_duck_seconds": os.environ.get("LIVE_LAME_DUCK", "0"),
}
ASGI_APPLICATION = "tests.realtime.app.application"
if os.environ.get("LIVE_LAYER"):
    CHANNEL_LAYERS = {"default": {"BACKEND": os.environ["LIVE_LAYER"]}}
if os.environ.get("LIVE_BROKERS"):
    from tests.realtime.layers import over

    CHANNEL_LAYERS = over(*os.environ["LIVE_BROKERS"].split(","))
    REALTIME["layers"] = list(CHANNEL_LAYERS)
DATABASES["default"]["NAME"] = os.environ["LIVE_DATABASE"]
