"""When a server that failed is asked again: a circuit breaker without clock, lock or dice of its own.

Three failures in a row open it. Then one caller at a time may try, after a pause that doubles from 2 to 30 seconds
and is spread by ±50 %, so that twenty processes do not come back in the same instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FAILURES: Final = 3
FIRST_PAUSE: Final = 2.0
LONGEST_PAUSE: Final = 30.0
# Longer than a call may take (`oidc.TIMEOUT_SECONDS` to connect and as long again to be answered).
TRIAL_SECONDS: Final = 12.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """failures: how many calls failed in a row. rests_until: when the next may be made, in the caller's seconds."""

    failures: int = 0
    rests_until: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether calls are kept back."""
        return self.failures >= FAILURES

    def may_try(self, now: float) -> bool:
        return not self.is_open or now >= self.rests_until

    def trying(self, now: float) -> Breaker:
        """A call is being made: of an open breaker the only one until it is known how it went."""
        return Breaker(self.failures, now + TRIAL_SECONDS) if self.is_open else self

    def succeeded(self) -> Breaker:
        return Breaker()

    def failed(self, now: float, dice: float) -> Breaker:
        """dice: between 0 and 1, where in the spread the pause falls."""
        failures = self.failures + 1
        if failures < FAILURES:
            return Breaker(failures)
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - FAILURES, 10))
        return Breaker(failures, now + pause * (0.5 + dice))
