"""The socket server with something about it changed: ``python -m tests.realtime.altered WHAT …``; WHAT may be
several things with commas between them.
"""

import signal
import sys
import time

import django

from realtime import direct, presence, server, wheel


def let_the_clock_jump() -> None:
    """SIGUSR1 puts the clock an hour on, SIGUSR2 an hour back: what a wrong clock does when it is set right."""
    right = time.time
    offset = [0]

    def jump(number: int, frame: object) -> None:
        offset[0] += 3_600 if number == signal.SIGUSR1 else -3_600

    signal.signal(signal.SIGUSR1, jump)
    signal.signal(signal.SIGUSR2, jump)
    time.time = lambda: right() + offset[0]


for what in sys.argv.pop(1).split(","):
    if what == "without_direct":  # as after an upgrade that moved what the fast way out touches
        direct.problem = lambda: "somewhere.Part is gone"
    elif what == "quick_wheel":
        wheel.TURN_SECONDS = 0.8
    elif what == "without_sweep":  # what arrives came by its nudge
        django.setup()
        from realtime import partition

        partition.SWEEP_SECONDS = partition.SESSION_CHECK_SECONDS = 86_400
    elif what == "quick_presence":
        presence.BEAT_SECONDS, presence.FORGET_SECONDS = 1.0, 3.0
    elif what == "quick_handshake":
        server.HANDSHAKE_SECONDS = 1
    elif what == "clock":
        let_the_clock_jump()
    else:
        raise SystemExit(what)
server.main()
