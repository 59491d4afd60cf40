"""The tests' application for an ASGI server that is not ours."""

import django

django.setup()

from tests.realtime.app import application as application  # noqa: E402, PLC0414  (needs the apps loaded)
