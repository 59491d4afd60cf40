"""``python -m dangjian.local.reset``: forgets what the demo holds, after stopping one that runs."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time

from dangjian.local import keycloak, place, postgres, valkey
from dangjian.local.process import CannotStart
from dangjian.local.progress import say
from dangjian.local.state import State

_STOP_SECONDS = 90


def reset(state: State) -> None:
    """Remove the demo's data, logs and key.

    Raises:
        CannotStart: the data are in a database of your own, or a running demo does not stop.
    """
    if os.environ.get("DATABASE_URL"):
        raise CannotStart(
            "DATABASE_URL names a database of your own, which this does not touch: "
            "drop and create it yourself (dropdb, createdb), or unset DATABASE_URL to reset the demo's."
        )
    if not state.folder.exists():
        say("There is nothing to forget.")
        return
    _stop_running(state)
    with state.held(port=0):
        # What a kill -9 left running still writes into these folders.
        if state.postgres.exists():
            postgres.end_leftover(state.postgres)
            place.forget(state.postgres)
        if state.valkey.exists():
            valkey.end_leftover(state.valkey)
            place.forget(state.valkey)
        if state.keycloak.exists():
            keycloak.end_leftover(state.keycloak)
        for left in state.folder.iterdir():
            if left.name == "lock":
                continue
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()
    say("The demo's data are gone; make demo builds them afresh.")


def _stop_running(state: State) -> None:
    holder = state.holder()
    if not holder:
        return
    say("Stopping the running demo …")
    os.kill(int(holder["pid"]), signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while state.holder() is not None:
        if time.monotonic() > deadline:
            raise CannotStart(
                f"The running demo (process {holder['pid']}) does not stop: end it, then run this again."
            )
        time.sleep(0.1)


def main() -> int:
    """0 when the data are gone, 1 with a sentence when not."""
    try:
        reset(State.of_checkout())
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
