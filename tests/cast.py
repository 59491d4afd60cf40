"""Builds the two small districts of the tests and finds their people again."""

from __future__ import annotations

from types import SimpleNamespace

from dangjian.identity.models import User
from dangjian.organizations.models import (
    Member,
    Office,
    OfficeKind,
    Organization,
    OrganizationKind,
    Post,
    PostHeld,
    Sector,
)
from tenants import lifecycle, registry
from tenants.context import in_district
from tenants.models import District, DistrictKind

PASSWORD = "dangjian-demo"

# username: (name, pinyin, initials, branch key)
HUIJI = {
    "wangfang": ("王芳", "wangfang", "wf", "grid3"),
    "liqiang": ("李强", "liqiang", "lq", "grid3"),
    "zhoujie": ("周杰", "zhoujie", "zj", "sunzhuang"),
    "zhangwei": ("张伟", "zhangwei", "zw", "office"),
    "liuna": ("刘娜", "liuna", "ln", "office"),
}
LUOYANG = {
    "zhaomin": ("赵敏", "zhaomin", "zm", "grid3"),
    "sunli": ("孙丽", "sunli", "sl", "office"),
}
HOSTS = {"huiji": "huiji.localhost", "luoyang": "luoyang.localhost", "centre": "central.localhost"}


def district_of(username: str) -> str:
    """The schema of that person's district."""
    return "huiji" if username in HUIJI else "luoyang" if username in LUOYANG else "centre"


def build() -> None:
    """Open the centre and both districts and put the cast in them."""
    centre = _open("centre", "中央监督", "中央", DistrictKind.CENTRE, HOSTS["centre"])
    with in_district(centre):
        _user("chenjing", "陈静")
    _district("huiji", "惠济区", "惠济", HUIJI, officer="zhangwei", editor="liuna", secretary="wangfang")
    _district("luoyang", "洛阳市直机关", "洛阳", LUOYANG, officer="sunli")


def load() -> SimpleNamespace:
    """Everybody and everything `build` made, by name; organisations as ``world.huiji_orgs.grid3``."""
    world = SimpleNamespace()
    for schema, names in (("huiji", HUIJI), ("luoyang", LUOYANG), ("centre", {})):
        district = registry.district(schema)
        setattr(world, schema, district)
        with in_district(district):
            if names:
                people = Member.objects.select_related("user", "branch").filter(user__username__in=names)
                for member in people:
                    setattr(world, member.user.username, member)
                by_name = {organization.name: organization for organization in Organization.objects.all()}
                organizations = {key: by_name[name] for key, name in ORGANIZATION_NAMES.items()}
                setattr(world, f"{schema}_orgs", SimpleNamespace(**organizations))
            else:
                world.chenjing = User.objects.get(username="chenjing")
    return world


ORGANIZATION_NAMES = {
    "root": "区委",
    "xincheng": "新城街道党工委",
    "guxing": "古荥镇党委",
    "offices": "机关党委",
    "grid3": "金河社区第三网格党支部",
    "grid4": "金河社区第四网格党支部",
    "sunzhuang": "孙庄村党支部",
    "office": "组织部机关党支部",
}


def _open(schema: str, name: str, short_name: str, kind: str, host: str) -> District:
    return lifecycle.create_district(
        schema_name=schema, name=name, short_name=short_name, kind=kind, hosts=[host]
    )


def _user(username: str, name: str) -> User:
    return User.objects.create_user(username, PASSWORD, name=name, is_demo=True)


def _district(
    schema: str,
    name: str,
    short_name: str,
    people: dict[str, tuple[str, str, str, str]],
    *,
    officer: str,
    editor: str = "",
    secretary: str = "",
) -> None:
    district = _open(schema, name, short_name, DistrictKind.DISTRICT, HOSTS[schema])
    with in_district(district):
        organizations = _tree()
        members = {}
        for username, (shown, pinyin, initials, branch) in people.items():
            members[username] = Member.objects.create(
                user=_user(username, shown),
                branch=organizations[branch],
                name=shown,
                pinyin=pinyin,
                initials=initials,
            )
        Office.objects.create(
            member=members[officer], kind=OfficeKind.OFFICER, organization=organizations["root"]
        )
        if editor:
            Office.objects.create(
                member=members[editor], kind=OfficeKind.EDITOR, organization=organizations["root"]
            )
        if secretary:
            PostHeld.objects.create(
                member=members[secretary],
                organization=members[secretary].branch,
                post=Post.SECRETARY,
            )


def _tree() -> dict[str, Organization]:
    names = ORGANIZATION_NAMES
    made: dict[str, Organization] = {}

    def add(key: str, parent: str | None, kind: str, sector: str = "") -> None:
        fields = {"name": names[key], "short_name": names[key], "kind": kind, "sector": sector}
        if parent is None:
            made[key] = Organization.objects.add_root(fields)
        else:
            made[key] = Organization.objects.add_child(Organization.objects.get(pk=made[parent].pk), fields)

    add("root", None, OrganizationKind.DISTRICT)
    add("xincheng", "root", OrganizationKind.COMMITTEE, Sector.STREET)
    add("guxing", "root", OrganizationKind.COMMITTEE, Sector.STREET)
    add("offices", "root", OrganizationKind.COMMITTEE, Sector.OFFICE)
    add("grid3", "xincheng", OrganizationKind.BRANCH, Sector.COMMUNITY)
    add("grid4", "xincheng", OrganizationKind.BRANCH, Sector.COMMUNITY)
    add("sunzhuang", "guxing", OrganizationKind.BRANCH, Sector.VILLAGE)
    add("office", "offices", OrganizationKind.BRANCH, Sector.OFFICE)
    return made
