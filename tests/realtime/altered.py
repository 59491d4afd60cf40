"""The socket server with something about it changed: ``python -m tests.realtime.altered WHAT …``."""

import sys

from realtime import direct, server, wheel

what = sys.argv.pop(1)
if what == "without_direct":  # as after an upgrade that moved what the fast way out touches
    direct.problem = lambda: "somewhere.Part is gone"
elif what == "quick_wheel":
    wheel.TURN_SECONDS = 0.8
else:
    raise SystemExit(what)
server.main()
