"""When a failed server is asked again: a table, and a crowd."""

from __future__ import annotations

import pytest

from dangjian.identity.keycloak.breaker import FIRST_PAUSE, LONGEST_PAUSE, TRIAL_SECONDS, Breaker

NOW = 1000.0

# failures before, may the next call be made, and after it failed too: for how long nobody calls (dice 0 and 1)
TABLE = [
    (0, True, None),
    (1, True, None),
    (2, True, (1.0, 3.0)),
    (3, False, (2.0, 6.0)),
    (4, False, (4.0, 12.0)),
    (5, False, (8.0, 24.0)),
    (6, False, (15.0, 45.0)),
    (60, False, (15.0, 45.0)),
]


@pytest.mark.parametrize(("failures", "may_try", "pause"), TABLE)
def test_each_state(failures: int, may_try: bool, pause: tuple[float, float] | None) -> None:
    breaker = Breaker(failures, NOW + 1 if failures >= 3 else 0.0)
    assert breaker.may_try(NOW) is may_try
    shortest, longest = breaker.failed(NOW, 0.0), breaker.failed(NOW, 1.0)
    if pause is None:
        assert shortest.may_try(NOW)
        assert longest.may_try(NOW)
    else:
        assert (shortest.rests_until - NOW, longest.rests_until - NOW) == pause
        assert not shortest.may_try(NOW)
        assert shortest.may_try(NOW + pause[0])
    assert breaker.succeeded() == Breaker()


def test_of_an_open_breaker_one_caller_tries_at_a_time() -> None:
    breaker = Breaker(3, NOW)
    assert breaker.may_try(NOW)
    trying = breaker.trying(NOW)
    assert not trying.may_try(NOW + TRIAL_SECONDS - 0.1)
    assert trying.may_try(NOW + TRIAL_SECONDS)  # whoever tried was killed meanwhile
    assert Breaker(2).trying(NOW).may_try(NOW)


def test_ten_minutes_away_cost_few_calls_however_many_ask() -> None:
    """A process with a thousand requests a second while Keycloak is away for ten minutes."""
    breaker, calls, now = Breaker(), 0, NOW
    while now < NOW + 600:
        if breaker.may_try(now):
            breaker = breaker.trying(now)
            calls += 1
            breaker = breaker.failed(now, (calls * 0.37) % 1)
        now += 0.001 if breaker.may_try(now) else 0.05
    assert 600 / (LONGEST_PAUSE * 1.5) <= calls < 50
    assert breaker.rests_until - now <= LONGEST_PAUSE * 1.5
    assert FIRST_PAUSE < LONGEST_PAUSE
