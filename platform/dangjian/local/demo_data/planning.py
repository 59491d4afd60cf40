"""Planning a district: from a size, a seed and a moment to all of its rows. Nothing here touches a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from dangjian.local.demo_data import (
    admitting,
    collecting,
    correcting,
    departing,
    electing,
    grouping,
    life,
    particulars,
    people,
    places,
    rhythm,
    transferring,
)
from dangjian.local.demo_data.rows import Plan, UserRow

SEED: Final = 2026
# Django reads a password that begins so as unusable; the loader gives the cast theirs.
NO_PASSWORD: Final = "!"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Size:
    """How much a district holds. `units` are branches, or organisations where a district counts those.

    Posts, comments, likes and views are those a person who may see everything sees: nothing deleted or hidden.
    """

    units: int
    members: int
    posts: int
    comments: int
    likes: int
    views: int
    variants: int


SIZES: Final = {
    "small": Size(units=6, members=60, posts=40, comments=200, likes=110, views=520, variants=1),
    "pilot": Size(units=51, members=2000, posts=464, comments=4820, likes=1012, views=10_180, variants=2),
    "full": Size(
        units=298, members=11_200, posts=2600, comments=27_000, likes=5672, views=57_000, variants=5
    ),
}


def now() -> datetime:
    """The default moment: the hour that has just begun, in Asia/Shanghai."""
    return datetime.now(rhythm.SHANGHAI).replace(minute=0, second=0, microsecond=0)


def plan(
    size: str,
    *,
    schema: str = "huiji",
    name: str = "惠济区",
    seed: int = SEED,
    moment: datetime | None = None,
) -> Plan:
    """The district `schema` (called `name`) with a year of life that ends at `moment`.

    Equal arguments give equal rows, whatever the process or the machine.

    Raises:
        KeyError: an unknown size.
        ValueError: the place has not so many branches.
    """
    wanted = SIZES[size]
    moment = (moment or now()).astimezone(rhythm.SHANGHAI)
    place = places.for_district(schema, name)
    unit = (
        {"organizations": wanted.units}
        if place.counted_in_organs and size != "full"
        else {"branches": wanted.units}
    )
    nodes = places.tree(place, **unit)

    def stream(part: str) -> Random:
        # Each part draws from its own stream, so that a change in one leaves the others' rows as they were.
        return Random(f"{seed}/{schema}/{size}/{part}")

    settled = people.settle(place, nodes, wanted.members, moment, stream("people"))
    result = Plan(
        moment,
        cast=tuple(person.username for person in place.cast),
        organizations=settled.organizations,
        posts_held=settled.posts_held,
        offices=settled.offices,
    )
    totals = {part: getattr(wanted, part) for part in ("posts", "comments", "likes", "views")}
    acts = life.live(result, settled, place.rivers, totals, wanted.variants, stream("life"))
    _make_accounts(result, settled, acts, stream("accounts"))
    result.periods = particulars.periods(settled.organizations)
    result.memberships = particulars.memberships(
        settled.members, settled.organizations, moment.date(), stream("memberships")
    )
    elected = electing.draw(settled, result.memberships, moment, stream("elections"))
    settled.posts_held = result.posts_held = elected.posts_held
    result.earlier_posts_held = electing.earlier(settled, result.memberships, moment, stream("earlier posts"))
    result.elections, result.election_candidates = elected.elections, elected.candidates
    result.election_steps = elected.steps
    result.corrections = correcting.draw(settled, moment, stream("corrections"))
    result.transfers, result.transfer_steps = transferring.draw(
        settled, result.memberships, moment, stream("transfers")
    )
    grouped = grouping.draw(settled, result.memberships, moment, stream("groups"))
    result.party_groups, result.group_periods = grouped.groups, grouped.periods
    result.group_memberships = grouped.memberships
    collecting.draw(result, settled, moment, stream("dues"))
    departing.draw(result, settled, moment, stream("departures"))
    drawn = admitting.draw(settled, moment, stream("admissions"))
    result.admissions, result.admission_steps = drawn.cases, drawn.steps
    result.admission_companions, result.admission_papers = drawn.companions, drawn.papers
    result.admission_requests, result.admission_transitions = drawn.requests, drawn.transitions
    return result


def _make_accounts(
    result: Plan, settled: people.People, acts: dict[int, tuple[datetime, datetime]], rng: Random
) -> None:
    """A user for each member, with ids of their own: a mix-up of the two kinds of id must show."""
    by_username = sorted(settled.members, key=lambda row: settled.usernames[row.id])
    cast = {row.id for row in settled.cast.values()}
    silent = life.SIGNED_IN * len(by_username) - len(acts)
    chance = max(0.0, silent / max(1, len(by_username) - len(acts)))
    user_ids: dict[int, int] = {}
    for user_id, row in enumerate(by_username, start=1):
        user_ids[row.id] = user_id
        opened = row.created_at
        first = last = None
        if row.id in acts:
            first, last = acts[row.id]
            first -= timedelta(minutes=2 + rng.expovariate(1 / 20_000))
        elif row.id in cast or rng.random() < chance:
            first = last = opened + (result.moment - opened) * rng.random() ** 2
        if first is not None:
            first = max(first, opened + timedelta(hours=1)).replace(microsecond=0)
            last = max(first, last or first)
        result.users.append(
            UserRow(
                user_id,
                settled.usernames[row.id],
                NO_PASSWORD,
                row.name,
                True,
                first is None,
                first,
                last,
                opened,
            )
        )
    result.members = [row._replace(user_id=user_ids[row.id]) for row in settled.members]
