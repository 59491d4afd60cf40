"""What the register says of people who do not exist: sex, birth, schooling, work, an identity number nobody can have.

Drawn from a stream of each person's own, so that nothing else of the plan depends on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Final, NamedTuple

from stdnum.cn import ric

from dangjian.local.demo_data.rows import MemberRow, MembershipRow, OrganizationRow, PeriodRow
from dangjian.organizations.models import Education, Employment, MemberStatus, OrganizationKind, Sector, Sex

# Codes of places begin with 11 to 91 (GB/T 2260): a number with 99 in front is right in itself and nobody's.
NOWHERE: Final = "99"
_WOMEN: Final = frozenset({"王芳", "刘娜", "赵敏", "孙丽"})
_NATIONALITIES: Final = {
    "买买提": "维吾尔族",
    "阿依努尔": "维吾尔族",
    "古丽米热": "维吾尔族",
    "扎西": "藏族",
    "巴特尔": "蒙古族",
    "额尔德尼": "蒙古族",
}
# Schooling by decade of birth: of a hundred people, how many have it.
_SCHOOLING: Final = (
    (1955, "primary_school30 middle_school38 high_school18 vocational6 college6 bachelor2"),
    (1969, "primary_school10 middle_school34 high_school26 vocational10 college13 bachelor7"),
    (1979, "middle_school16 high_school20 vocational13 college26 bachelor22 master3"),
    (1989, "middle_school5 high_school9 vocational8 college26 bachelor43 master8 doctor1"),
    (9999, "high_school3 vocational4 college22 bachelor57 master13 doctor1"),
)
_LEARNED: Final = frozenset({Sector.OFFICE, Sector.SCHOOL})


class Known(NamedTuple):
    """The tail of a `MemberRow`."""

    converted_on: date | None
    sex: str
    born_on: date
    nationality: str
    education: str
    employment: str
    occupation: str
    id_number: str
    is_floating: bool
    in_hardship: bool
    out_of_contact: bool


def draw(
    number: int,
    name: str,
    born: int,
    woman: bool | None,
    joined: date,
    status: str,
    sector: Sector,
    today: date,
) -> Known:
    """Of the person with that number in the plan; `woman` None: as the name or chance will have it."""
    rng = Random(f"particulars/{number}/{name}/{born}")
    if woman is None:
        woman = name in _WOMEN or (name not in {"李强", "周杰", "张伟"} and rng.random() < 0.4)
    born_on = date(born, 1, 1) + timedelta(days=rng.randrange(365))
    age = today.year - born
    full = status == MemberStatus.FULL
    converted = _a_year_after(joined) if full and rng.random() < 0.985 else None
    nationality = next((told for part, told in _NATIONALITIES.items() if name.startswith(part)), "")
    return Known(
        converted,
        str(Sex.FEMALE if woman else Sex.MALE),
        born_on,
        nationality or rng.choices(("汉族", "回族", "满族", "蒙古族"), (962, 33, 3, 2))[0],
        _education(born, sector, rng),
        employment := _employment(age, woman, sector, rng),
        _occupation(number, employment, sector),
        id_number(number, born_on, woman),
        age < 60 and sector in {Sector.VILLAGE, Sector.COMMUNITY, Sector.NEW} and rng.random() < 0.05,
        sector in {Sector.VILLAGE, Sector.COMMUNITY, Sector.RETIRED} and rng.random() < 0.03,
        rng.random() < 0.002,
    )


def id_number(number: int, born_on: date, woman: bool) -> str:
    """The `number`th identity number of nowhere: the check digit is right, the place does not exist."""
    order = number % 500 * 2 + (0 if woman else 1)
    head = f"{NOWHERE}{number // 500:04}{born_on:%Y%m%d}{order:03}"
    return head + ric.calc_check_digit(head + "0")


def _a_year_after(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 3, 1)


def _education(born: int, sector: Sector, rng: Random) -> str:
    row = next(words for until, words in _SCHOOLING if born <= until)
    found = [word.rstrip("0123456789") for word in row.split()]
    weights = [int(word[len(name) :]) for word, name in zip(row.split(), found, strict=True)]
    if sector in _LEARNED and born > 1955:
        weights = [
            weight * (4 if Education(name) in {Education.BACHELOR, Education.MASTER, Education.DOCTOR} else 1)
            for name, weight in zip(found, weights, strict=True)
        ]
    return rng.choices(found, weights)[0]


def _employment(age: int, woman: bool, sector: Sector, rng: Random) -> str:
    if sector == Sector.RETIRED or (age >= (55 if woman else 60) and sector != Sector.VILLAGE):
        return str(Employment.RETIRED)
    if sector == Sector.VILLAGE:
        return str(Employment.FARMER if rng.random() < 0.8 or age >= 60 else Employment.WAGE)
    if sector == Sector.COMMUNITY and rng.random() < 0.06:
        return str(rng.choice((Employment.UNEMPLOYED, Employment.RELIEF)))
    return str(Employment.WAGE)


_WORK: Final = {
    Sector.VILLAGE: ("种植户", "养殖户", "村会计", "村医", "合作社社员"),
    Sector.COMMUNITY: ("社区工作者", "网格员", "个体经营者", "物业管理员", "快递员"),
    Sector.OFFICE: ("公务员", "科员", "文秘", "驾驶员"),
    Sector.SCHOOL: ("教师", "教务员", "校医", "后勤管理员"),
    Sector.NEW: ("网约车司机", "外卖骑手", "程序员", "会计", "店长"),
}


def _occupation(number: int, employment: str, sector: Sector) -> str:
    """Of whoever works; by a chance of its own, so that everything drawn before stays as it was."""
    if employment not in {Employment.WAGE, Employment.FARMER}:
        return ""
    rng = Random(f"occupation/{number}")
    return rng.choice(_WORK.get(sector, ("职员", "技术员", "会计", "工人")))


def memberships(
    members: Sequence[MemberRow], organizations: Sequence[OrganizationRow], today: date, rng: Random
) -> list[MembershipRow]:
    """Where everybody has been: most in one branch since they joined, some came from another."""
    branches = [row.id for row in organizations if row.kind == OrganizationKind.BRANCH]
    rows: list[MembershipRow] = []
    for member in members:
        since = member.joined_on
        came = today - timedelta(days=rng.randrange(60, 1500))
        if rng.random() < 0.05 and since < came - timedelta(days=400):
            before = rng.choice([branch for branch in branches[:40] if branch != member.branch_id])
            rows.append(MembershipRow(len(rows) + 1, member.id, before, since, came))
            since = came
        rows.append(MembershipRow(len(rows) + 1, member.id, member.branch_id, since, None))
    return rows


def periods(organizations: Sequence[OrganizationRow]) -> list[PeriodRow]:
    """One period each: nothing is known of earlier ones."""
    ids = {row.path: row.id for row in organizations}
    return [
        PeriodRow(
            number, row.id, None, None, ids.get(row.path[:-4]), row.name, row.short_name, row.kind, row.sector
        )
        for number, row in enumerate(organizations, start=1)
    ]
