"""Who is in the district: branches of believable size, their members, who leads them, who holds an office."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from dangjian.local.demo_data import names, particulars
from dangjian.local.demo_data.places import Node, Person, Place
from dangjian.local.demo_data.rows import MemberRow, OfficeRow, OrganizationRow, PostHeldRow
from dangjian.organizations.models import MemberStatus, OfficeKind, OrganizationKind, Post, Sector
from dangjian.organizations.pinyin import spell

SMALLEST, LARGEST = 3, 50
_VACANCY_EVERY = 43
COMMITTEE_FROM = 7  # full members; fewer have a secretary and perhaps a deputy
_CODE = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# Ages by sector: youngest, oldest, most common; share of women.
_AGES = {
    Sector.OFFICE: (24, 60, 41, 0.38),
    Sector.STREET: (24, 60, 38, 0.45),
    Sector.COMMUNITY: (25, 84, 62, 0.46),
    Sector.VILLAGE: (24, 82, 58, 0.22),
    Sector.SCHOOL: (24, 60, 40, 0.68),
    Sector.STATE_FIRM: (24, 60, 43, 0.28),
    Sector.NEW: (22, 58, 33, 0.42),
    Sector.RETIRED: (56, 90, 71, 0.34),
}
_CAST_BORN = 1984
FIVE_YEAR_TERMS = frozenset({Sector.VILLAGE, Sector.COMMUNITY})


@dataclass(slots=True)
class Branch:
    """A branch with what the rest of the plan asks of it: the nearest 基层党委 above, its members, who publishes."""

    row: OrganizationRow
    committee_id: int
    members: list[MemberRow] = field(default_factory=list)
    secretary_id: int = 0
    editors: list[int] = field(default_factory=list)


@dataclass(slots=True)
class People:
    branches: list[Branch]
    organizations: list[OrganizationRow]
    members: list[MemberRow]
    posts_held: list[PostHeldRow]
    offices: list[OfficeRow]
    cast: dict[str, MemberRow]
    usernames: dict[int, str]


def settle(place: Place, nodes: Sequence[Node], members: int, moment: datetime, rng: Random) -> People:
    """Fill the tree with so many members.

    Raises:
        ValueError: they do not fit into branches of 3 to 50.
    """
    opened = moment.replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=400)
    organizations = [_organization(index, node, opened) for index, node in enumerate(nodes, start=1)]
    branches = [
        Branch(row, _committee_above(index, nodes))
        for index, row in enumerate(organizations)
        if row.kind == OrganizationKind.BRANCH
    ]
    people = People(branches, organizations, [], [], [], {}, {})
    seen: dict[str, int] = {person.username: 1 for person in place.cast}
    reserved = {person.name for person in place.cast}
    uncommon = set(rng.sample(range(members), min(len(names.UNCOMMON), members // 25)))
    for branch, size in zip(branches, _sizes(len(branches), members, rng), strict=True):
        cast = [person for person in place.cast if person.branch == branch.row.short_name]
        for number in range(size):
            person = cast[number] if number < len(cast) else None
            odd = len(people.members) in uncommon and person is None
            row = member(len(people.members) + 1, branch, person, odd, reserved, moment, rng)
            people.members.append(row)
            branch.members.append(row)
            if person is not None:
                people.cast[person.username] = row
                people.usernames[row.id] = person.username
            else:
                count = seen[row.pinyin] = seen.get(row.pinyin, 0) + 1
                people.usernames[row.id] = f"{row.pinyin}{count}" if count > 1 else row.pinyin
        _elect(people, branch, place.cast, moment, rng)
    _vacate(people, moment)
    _appoint(people, place.cast, opened, rng)
    return people


def _organization(index: int, node: Node, opened: datetime) -> OrganizationRow:
    path = "".join(_step(ordinal) for ordinal in node.steps)
    return OrganizationRow(
        index,
        path,
        len(node.steps),
        node.children,
        node.name,
        node.short_name,
        node.kind,
        node.sector,
        opened,
    )


def _step(ordinal: int) -> str:
    """A step of a treebeard path: four characters in base 36."""
    characters = ""
    while ordinal:
        ordinal, digit = divmod(ordinal, 36)
        characters = _CODE[digit] + characters
    return characters.rjust(4, "0")


def _committee_above(index: int, nodes: Sequence[Node]) -> int:
    """The id of the nearest 基层党委 above, or the root's where there is none."""
    parent = nodes[index].parent
    while parent:
        if nodes[parent].kind == OrganizationKind.COMMITTEE:
            return parent + 1
        parent = nodes[parent].parent
    return 1


def _sizes(branches: int, members: int, rng: Random) -> list[int]:
    """So many sizes from 3 to 50 with that sum: a few tiny ones, the rest spread around the mean."""
    if not SMALLEST * branches <= members <= LARGEST * branches:
        raise ValueError(f"{members} members do not fit into {branches} branches of {SMALLEST} to {LARGEST}")
    mean = (members / branches - SMALLEST) / (LARGEST - SMALLEST)
    bend = 1 / mean - 1 if mean else 1e9  # the mean of u ** bend over u in 0..1 is 1 / (1 + bend)
    sizes = [SMALLEST + round((LARGEST - SMALLEST) * rng.random() ** bend) for _ in range(branches)]
    off = members - sum(sizes)
    while off:
        index = rng.randrange(branches)
        step = 1 if off > 0 else -1
        if SMALLEST <= sizes[index] + step <= LARGEST:
            sizes[index] += step
            off -= step
    return sizes


def member(
    number: int,
    branch: Branch,
    person: Person | None,
    odd: bool,
    reserved: set[str],
    moment: datetime,
    rng: Random,
) -> MemberRow:
    """Somebody of the branch. person: who they are, where they are of the cast. reserved: names that are taken."""
    low, high, usual, women = _AGES[Sector(branch.row.sector or Sector.OFFICE)]
    born = _CAST_BORN if person else moment.year - round(rng.triangular(low, high, usual))
    woman: bool | None = None
    if person is not None:
        shown = person.name
    elif odd:
        shown = rng.choice([name for name in names.UNCOMMON if name not in reserved])
        reserved.add(shown)
    else:
        shown = ""
        while not shown or shown in reserved:
            woman = rng.random() < women
            shown = names.draw(rng, born=born, woman=woman)
    status, joined = _admission(born, moment, person is not None, rng)
    spelling = spell(shown)
    # Whole, so that the contacts can be tried; nobody has one, mobile numbers begin with 13 to 19.
    phone = f"12{rng.randrange(10)}{number % 10_000:04}{rng.randrange(10_000):04}"
    created = branch.row.created_at + timedelta(minutes=number // 40)
    known: Any = particulars.draw(
        number, shown, born, woman, joined, status, Sector(branch.row.sector or Sector.OFFICE), moment.date()
    )
    return MemberRow(number, number, branch.row.id, shown, *spelling, status, joined, phone, created, *known)


def _admission(born: int, moment: datetime, full: bool, rng: Random) -> tuple[str, date]:
    """Status and the day of admission: from 18 on, most between 20 and 35; the last year's are probationary."""
    today = moment.date()
    earliest = date(born + 19, 1, 1)
    if not full and rng.random() < 0.022 and born < today.year - 21:
        return str(MemberStatus.PROBATIONARY), today - timedelta(days=rng.randrange(20, 350))
    years, most = rng.triangular(1, 32, 5), max(0.2, (today - earliest).days / 365 - 1.2)
    if years > most:  # the young: spread over the years they had, instead of all in the last one
        years = max(0.2, most * (years * 7.3 % 1))
    day = earliest + timedelta(days=int(years * 365))
    # Branches admit before July and at the year's end more than at other times.
    month = rng.choice((5, 6, 6, 6, 7, 11, 12, 12, 3, 9))
    day = day.replace(month=month, day=rng.randrange(1, 29))
    return str(MemberStatus.FULL), min(day, today - timedelta(days=400))


def _elect(people: People, branch: Branch, cast: Sequence[Person], moment: datetime, rng: Random) -> None:
    """A secretary for the branch; where 7 or more are full members, a committee of 3 to 5."""
    leading = {person.username for person in cast if person.secretary}
    named = {row.id: username for username, row in people.cast.items()}
    electable = [row for row in branch.members if row.status == MemberStatus.FULL]
    plain = [row for row in electable if row.id not in named]
    chosen = [row for row in electable if named.get(row.id) in leading]
    rng.shuffle(plain)
    if len(electable) >= COMMITTEE_FROM:
        wanted = rng.choice((3, 3, 5, 5, 4) if len(electable) >= 20 else (3, 3, 3, 4))
    else:
        wanted = 1 + (len(electable) > 3 and rng.random() < 0.4)
    chosen += plain[: max(0, wanted - len(chosen))]
    posts = [Post.SECRETARY, Post.ORGANIZATION, Post.PUBLICITY, Post.DISCIPLINE, Post.DEPUTY_SECRETARY]
    if len(chosen) == 2 or (len(chosen) == 4 and rng.random() < 0.5):
        posts = [Post.SECRETARY, Post.DEPUTY_SECRETARY, Post.ORGANIZATION, Post.PUBLICITY]
    term = 5 if branch.row.sector in FIVE_YEAR_TERMS else 3
    since = moment.date() - timedelta(days=rng.randrange(40, term * 365 - 30))
    for row, post in zip(chosen, posts, strict=False):
        people.posts_held.append(
            PostHeldRow(len(people.posts_held) + 1, row.id, branch.row.id, str(post), since)
        )
    branch.secretary_id = chosen[0].id


def _vacate(people: People, moment: datetime) -> None:
    """Here and there a branch whose secretary has lately left the post and has no successor yet."""
    left = moment.date() - timedelta(days=45)
    ours = {row.branch_id for row in people.cast.values()}
    vacant = {branch.row.id for branch in people.branches[_VACANCY_EVERY - 1 :: _VACANCY_EVERY]} - ours
    people.posts_held = [
        held._replace(until=left)
        if held.organization_id in vacant and held.post == Post.SECRETARY and held.since < left
        else held
        for held in people.posts_held
    ]


def _appoint(people: People, cast: Sequence[Person], opened: datetime, rng: Random) -> None:
    """The cast's offices over the root; an editor for each committee, a moderator for the district."""

    def give(row: MemberRow, kind: str, organization: int, days: int) -> None:
        since = opened + timedelta(days=days, minutes=rng.randrange(400))
        people.offices.append(OfficeRow(len(people.offices) + 1, row.id, str(kind), organization, since))

    for person in cast:
        if person.office is not None:
            give(people.cast[person.username], person.office, 1, 1)
    known = {row.id for row in people.cast.values()}
    by_committee: dict[int, list[Branch]] = {}
    for branch in people.branches:
        by_committee.setdefault(branch.committee_id, []).append(branch)
    leading = {held.member_id for held in people.posts_held}
    for committee, branches in by_committee.items():
        branch = max(
            branches, key=lambda each: (each.row.sector == Sector.STREET, len(each.members), -each.row.id)
        )
        free = [row for row in branch.members if row.id not in known and row.id not in leading]
        if free:
            row = rng.choice(free)
            give(row, OfficeKind.EDITOR, committee, rng.randrange(2, 90))
            branch.editors.append(row.id)
    officer = next(people.cast[person.username] for person in cast if person.office == OfficeKind.OFFICER)
    offices = next(branch for branch in people.branches if branch.row.id == officer.branch_id)
    free = [row for row in offices.members if row.id not in known and row.id not in offices.editors]
    if free:
        give(rng.choice(free), OfficeKind.MODERATOR, 1, 3)
    for person in cast:
        if person.office == OfficeKind.EDITOR:
            offices.editors.append(people.cast[person.username].id)
