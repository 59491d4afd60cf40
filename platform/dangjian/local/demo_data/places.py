"""Organisations as districts have them: 区委 → 基层党委、总支 → 支部; the names stand in texts/places.toml."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

from dangjian.local.demo_data.grammar import read
from dangjian.organizations.models import OfficeKind, OrganizationKind, Sector

ORDINALS = "一二三四五六七八九十"


class BranchSpec(NamedTuple):
    """A branch that may be made: the keys of what stands above it, its full and its short name, its sector."""

    above: tuple[str, ...]
    name: str
    short_name: str
    sector: str


class ParentSpec(NamedTuple):
    """A committee or general branch: full and short name, kind, sector."""

    name: str
    short_name: str
    kind: str
    sector: str


@dataclass(frozen=True, slots=True)
class Person:
    """One of the people who can sign in; `branch` is the short name of theirs."""

    username: str
    name: str
    branch: str
    secretary: bool = False
    office: OfficeKind | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What the generator knows of a district. `branches` come in the order in which a smaller size takes them.

    `counted_in_organs`: its size is stated in organisations of every kind, not in branches.
    """

    root: ParentSpec
    parents: dict[str, ParentSpec]
    branches: Sequence[BranchSpec]
    cast: Sequence[Person]
    rivers: Sequence[str]
    counted_in_organs: bool = False


class Node(NamedTuple):
    """An organisation in the tree, before it has an id: `steps` are the ordinals from the root down."""

    steps: tuple[int, ...]
    parent: int | None
    children: int
    name: str
    short_name: str
    kind: str
    sector: str


def tree(place: Place, *, branches: int | None = None, organizations: int | None = None) -> list[Node]:
    """The organisations of `place`, parents before children, with exactly so many branches or organisations.

    The branches of the cast are always among them; `Node.parent` is an index into the list.

    Raises:
        ValueError: the place has not that many.
    """
    homes = {person.branch for person in place.cast}
    wanted = sorted(place.branches, key=lambda branch: branch.short_name not in homes)
    chosen: set[str] = set()
    parents: set[str] = set()
    for spec in wanted:
        if len(chosen) == branches or 1 + len(parents) + len(chosen) == organizations:
            break
        new = set(spec.above) - parents
        if organizations is not None and 1 + len(parents) + len(chosen) + len(new) + 1 > organizations:
            continue
        parents |= new
        chosen.add(spec.short_name)
    if len(chosen) != branches and 1 + len(parents) + len(chosen) != organizations:
        raise ValueError(f"{place.root.short_name} has only {len(chosen)} branches to give")
    return _grow(place, chosen)


def _grow(place: Place, chosen: set[str]) -> list[Node]:
    children: dict[str, list[str]] = {"": []}
    for spec in place.branches:
        if spec.short_name not in chosen:
            continue
        over = ""
        for key in (*spec.above, spec.short_name):
            below = children.setdefault(over, [])
            if key not in below:
                below.append(key)
            over = key
    specs = {spec.short_name: spec for spec in place.branches}
    order = list(place.parents)
    nodes: list[Node] = []

    def add(key: str, steps: tuple[int, ...], parent: int | None) -> None:
        # Committees as the district lists them, then branches; a smaller size picks them in another order.
        below = sorted(
            children.get(key, []),
            key=lambda child: order.index(child) if child in place.parents else len(order),
        )
        if not key:
            what = place.root
        elif key in place.parents:
            what = place.parents[key]
        else:
            spec = specs[key]
            what = ParentSpec(spec.name, spec.short_name, OrganizationKind.BRANCH, spec.sector)
        index = len(nodes)
        nodes.append(Node(steps, parent, len(below), *what))
        for number, child in enumerate(below, start=1):
            add(child, (*steps, number), index)

    add("", (1,), None)
    return nodes


def for_district(schema: str, name: str) -> Place:
    """What is known of the district with that schema; another one gets the common kinds under its own name."""
    if schema == "luoyang":
        return _city()
    if schema == "huiji":
        return _county("huiji", "郑州市惠济区", "惠济区", "河南省")
    return _county("other", name, name, "")


def _county(key: str, region: str, short: str, province: str) -> Place:
    """A county or urban district: streets with communities, towns with villages, and the bodies of its own."""
    known = read("places")
    own = known[key]
    letter = short[-1] if short[-1] in "区县市" else "区"
    parents: dict[str, ParentSpec] = {}
    groups: list[list[BranchSpec]] = []
    for street, communities in own["streets"].items():
        above = f"{street}党工委"
        parents[above] = _committee(f"中共{region}{street}工作委员会", above, Sector.STREET)
        groups.append([_branch(region, f"{street}机关党支部", Sector.STREET, above)])
        for community in communities.split():
            general = f"{street}{community}社区党总支"
            kind = OrganizationKind.GENERAL_BRANCH
            parents[general] = _committee(f"{region}{general}", general, Sector.COMMUNITY, kind)
            for ordinal in ORDINALS[:3]:
                grid = f"{community}社区第{ordinal}网格党支部"
                full = f"{province}{region}{street}办事处{grid}"
                groups[-1].append(BranchSpec((above, general), full, f"{street}{grid}", Sector.COMMUNITY))
    for town, villages in own["towns"].items():
        above = f"{town}党委"
        parents[above] = _committee(f"中共{region}{town}委员会", above, Sector.VILLAGE)
        names = [f"{town}{village.removesuffix('村')}村党支部" for village in villages.split()]
        groups.append([_branch(f"{province}{region}", name, Sector.VILLAGE, above) for name in names])
        for sector, unit in known["town_units"].items():
            groups[-1].append(_branch(region, f"{town}{unit}党支部", sector, above))
    for body in known["flat"]:
        above = body["key"].format(d=letter)
        kind = body.get("kind", OrganizationKind.COMMITTEE)
        parents[above] = _committee(f"中共{region}{body['name']}", above, body["sector"], kind)
        names = [body["branch"].format(d=letter, unit=unit) for unit in body["units"].split()]
        groups.append([_branch(region, name, body["sector"], above) for name in names])
    street, town = next(iter(own["streets"])), next(iter(own["towns"]))
    grid = f"{street}{own['streets'][street].split()[0]}社区第三网格党支部"
    office = f"{letter}委组织部机关党支部"
    cast = (
        Person("wangfang", "王芳", grid, secretary=True),
        Person("liqiang", "李强", grid),
        Person("zhoujie", "周杰", f"{town}孙庄村党支部"),
        Person("zhangwei", "张伟", office, office=OfficeKind.OFFICER),
        Person("liuna", "刘娜", office, office=OfficeKind.EDITOR),
    )
    root = ParentSpec(f"中共{region}委员会", f"{short}委", OrganizationKind.DISTRICT, "")
    return Place(root, parents, list(_in_turn(groups)), cast, own["rivers"].split())


def _city() -> Place:
    """The organs of a city, each with one branch; where more branches are wanted, numbered ones."""
    own = read("places")["luoyang"]
    parents = {
        key: _committee(f"中共洛阳{key.removesuffix('党委')}委员会", key, Sector.OFFICE)
        for key in own["committees"]
    }
    rounds, further = [], []
    for above, organs in own["committees"].items():
        names = [organ.removeprefix("市") for organ in organs.split()]
        rounds.append([_organ(name, "机关", above) for name in names])
        further.append([_organ(name, f"第{ordinal}", above) for ordinal in ORDINALS[:6] for name in names])
    cast = (
        Person("zhaomin", "赵敏", "市财政局机关党支部"),
        Person("sunli", "孙丽", "市直机关工委机关党支部", office=OfficeKind.OFFICER),
    )
    root = ParentSpec(
        "中共洛阳市委市直机关工作委员会", "洛阳市直机关工委", OrganizationKind.DISTRICT, Sector.OFFICE
    )
    specs = [*_in_turn(rounds), *_in_turn(further)]
    return Place(root, parents, specs, cast, own["rivers"].split(), counted_in_organs=True)


def _committee(name: str, short_name: str, sector: str, kind: str = OrganizationKind.COMMITTEE) -> ParentSpec:
    return ParentSpec(name, short_name, kind, sector)


def _branch(region: str, short_name: str, sector: str, above: str) -> BranchSpec:
    return BranchSpec((above,), f"{region}{short_name}", short_name, sector)


def _organ(name: str, which: str, above: str) -> BranchSpec:
    return BranchSpec((above,), f"洛阳市{name}{which}党支部", f"市{name}{which}党支部", Sector.OFFICE)


def _in_turn(groups: Sequence[Sequence[BranchSpec]]) -> Iterator[BranchSpec]:
    for row in zip_longest(*groups):
        yield from (spec for spec in row if spec is not None)
