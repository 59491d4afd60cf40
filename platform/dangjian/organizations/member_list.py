"""The list of members: what an address asks for, what of it the reader may see, and views kept of it under a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet, Value
from django.db.models.expressions import Subquery
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from dangjian.api.problems import FieldError, Problem, not_found, refused
from dangjian.organizations import access, member_table, queries
from dangjian.organizations.listing import listing
from dangjian.organizations.models import Member, Organization, SavedView
from realtime import outbox

MEMBERS_A_PAGE: Final = 20
VIEWS_AT_MOST: Final = 20
VIEW_NAME_LENGTH: Final = 20
_LONGEST_QUERY: Final = 1000  # longer than anything the page's own choices make
STATES: Final[Mapping[str, Q]] = {
    "never": Q(user__first_signed_in_at=None, user__is_active=True),
    "full": Q(status="full"),
    "probationary": Q(status="probationary"),
    "inactive": Q(user__is_active=False),
}
LEFT: Final = "left"
FILTERS: Final = ("q", "organization", "state", LEFT, *member_table.NAMES)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for: filters that are given, columns where some were chosen."""

    filters: Mapping[str, str]
    columns: tuple[str, ...]
    cursor: str = ""

    @classmethod
    def of(cls, given: QueryDict) -> Self:
        columns = member_table.chosen([key for text in given.getlist("columns") for key in text.split(",")])
        return cls(
            {name: str(given[name]).replace("\0", "")[:50] for name in FILTERS if given.get(name)},
            tuple(column.key for column in columns),
            given.get("cursor", ""),
        )

    def get(self, name: str) -> str:
        return self.filters.get(name, "")

    @property
    def state(self) -> str:
        return self.get("state") if self.get("state") in {*STATES, LEFT} else ""

    @property
    def left(self) -> bool:
        """Whether it is about those who have left the register."""
        return self.state == LEFT

    def query(self, *, without: Sequence[str] = (), **more: str) -> str:
        """As a query string, in one order; never with the cursor unless it is among `more`."""
        kept = {name: value for name, value in self.filters.items() if name not in without}
        if self.columns and "columns" not in without:
            kept["columns"] = ",".join(self.columns)
        kept |= more
        order = [*FILTERS, "columns", "cursor"]
        return urlencode({name: kept[name] for name in order if kept.get(name)})


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the list stands: the officer's desk, or the branch's pages of its secretary.

    organizations, members: what of them the reader may see. ever: and with those who have left the register. names: of
    the addresses of the list, its table, its views and the look-up by identity number.
    """

    reader: Member
    organizations: QuerySet[Organization]
    members: QuerySet[Member]
    ever: QuerySet[Member]
    names: tuple[str, str, str, str]
    frame: str
    opens: bool  # whether a member can be opened beside the list

    @property
    def url(self) -> str:
        return reverse(self.names[0])


def officers(officer: Member) -> Desk:
    names = ("officer-members", "officer-members-xlsx", "officer-members-views", "officer-members-look-up")
    return Desk(
        officer,
        access.managed_organizations(officer),
        access.managed_members(officer),
        access.ever_managed_members(officer),
        names,
        "organizations/desk.html",
        True,
    )


def secretarys(secretary: Member) -> Desk:
    """
    Raises:
        Problem: 404, the reader is no secretary.
    """
    branch = access.standing(secretary).secretary_of
    if branch is None:
        raise not_found()
    members = Member.objects.filter(branch=branch)
    return Desk(
        secretary,
        Organization.objects.filter(pk=branch.pk),
        members,
        members,
        ("branch-members", "branch-members-xlsx", "branch-members-views", "branch-members-look-up"),
        "organizations/transfers/frame.html",
        False,
    )


def desk_of(reader: Member) -> Desk:
    """
    Raises:
        Problem: 404, the reader has no list.
    """
    return officers(reader) if access.standing(reader).is_officer else secretarys(reader)


def page(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Context of the list: two queries and the saved views'.

    Raises:
        Problem: 404, an organisation that is not the reader's; 400, a cursor that is not this list's.
    """
    organizations = queries.counted(desk.organizations)
    chosen = _chosen(organizations, asked)
    inside = [each for each in organizations if chosen is None or each.path.startswith(chosen.path)]
    counts = queries.sum_up(inside)
    found = filtered(desk, asked, chosen)
    narrowed = any(name != "organization" for name in asked.filters)
    rows = queries.with_what_they_hold(found.select_related("user", "branch"))
    if narrowed:
        rows = rows.annotate(fitting=_number_of(found))
    shown = listing(
        rows,
        which=f"members-page:{desk.names[0]}:{desk.reader.pk}:{asked.query(without=('columns',))}",
        by=("pinyin", "id"),
        cursor=asked.cursor,
        size=MEMBERS_A_PAGE,
    )
    usual = member_table.SHOWN_OF_LEFT if asked.left else member_table.SHOWN
    columns = member_table.chosen(asked.columns or usual)
    views = list(SavedView.objects.filter(member=desk.reader).order_by("name"))
    current = asked.query()
    return {
        "desk": desk,
        "frame": desk.frame,
        "back": "/branch/",
        "opens": desk.opens,
        "heading": _("党员"),
        "counts": counts,
        "columns": columns,
        "rows": [
            (one, [(column.key, column.value(desk.reader, one)) for column in columns]) for one in shown.rows
        ],
        "pages": _pages(desk, asked, shown.next, shown.previous),
        "organizations": [
            (each.pk, "　" * (each.depth - organizations[0].depth) + str(each), each == chosen)
            for each in organizations
        ],
        "chosen": chosen,
        "asked": asked,
        "chips": _chips(desk, asked, counts),
        "filters": [
            (each, asked.get(each.name))
            for each in (*([member_table.left_filter()] if asked.left else []), *member_table.filters())
        ],
        "choices": [
            (column, any(column.key == shown_now.key for shown_now in columns))
            for column in member_table.columns(left=asked.left)
        ],
        "narrowed_by": sum(bool(asked.get(name)) for name in (LEFT, *member_table.NAMES)),
        "filtered": any(asked.get(name) for name in (LEFT, *member_table.NAMES)) or bool(asked.columns),
        "fitting": (shown.rows[0].fitting if shown.rows else 0) if narrowed else None,  # type: ignore[attr-defined]
        "download": f"{reverse(desk.names[1])}?{current}",
        "list_query": asked.query(cursor=asked.cursor),
        "views": [(view, f"{desk.url}?{view.query}", view.query == current) for view in views],
        "keepable": bool(current) and all(view.query != current for view in views),
        "current": current,
    }


def filtered(desk: Desk, asked: Asked, chosen: Organization | None) -> QuerySet[Member]:
    """Those of the desk that fit all filters."""
    found = desk.ever.filter(left_on__isnull=False) if asked.left else desk.members
    found = found.filter(branch__path__startswith=chosen.path) if chosen else found
    found = queries.named(found, asked.get("q"))
    if asked.state in STATES:
        found = found.filter(STATES[asked.state])
    return member_table.filtered(found, asked.filters, timezone.localdate())


def chosen_organization(desk: Desk, asked: Asked) -> Organization | None:
    """
    Raises:
        Problem: 404, it is not the reader's.
    """
    return _chosen(list(desk.organizations), asked)


# --- views under a name ----------------------------------------------------------------------------------------------


def keep_view(*, member: Member, name: str, query: str) -> SavedView:
    """Keep what the list shows under a name; one of that name is replaced.

    query: of the list's address; what in it is no filter or column is left out.

    Raises:
        Problem: 422 with the field; 409, there are `VIEWS_AT_MOST`.
    """
    name = " ".join(name.split())
    kept = Asked.of(QueryDict(query)).query()
    if not name or len(name) > VIEW_NAME_LENGTH or not name.isprintable():
        detail = _("请给视图起个名字，不超过 %(most)s 个字。") % {"most": VIEW_NAME_LENGTH}
        raise refused(FieldError("/name", "bad_name", detail))
    if not kept or len(kept) > _LONGEST_QUERY:
        raise refused(FieldError("/query", "empty", _("请先选好条件或列，再保存。")))
    with outbox.atomic():
        Member.ever.select_for_update(of=("self",)).get(pk=member.pk)
        others = SavedView.objects.filter(member=member).exclude(name=name)
        if others.count() >= VIEWS_AT_MOST:
            detail = _("最多保存 %(most)s 个视图，请先删除不用的。") % {"most": VIEWS_AT_MOST}
            raise Problem(409, "too_many", detail)
        view, _made = SavedView.objects.update_or_create(member=member, name=name, defaults={"query": kept})
    return view


def forget_view(*, member: Member, pk: int) -> None:
    """
    Raises:
        Problem: 404, the member has no such view.
    """
    gone, _rows = SavedView.objects.filter(member=member, pk=pk).delete()
    if not gone:
        raise not_found()


# --- parts -----------------------------------------------------------------------------------------------------------


def _chosen(organizations: list[Any], asked: Asked) -> Organization | None:
    pk = asked.get("organization")
    if not pk:
        return None
    for each in organizations:
        if str(each.pk) == pk:
            found: Organization = each
            return found
    raise not_found()


def _number_of(members: QuerySet[Member]) -> Coalesce:
    """How many they are, in the query of a page of them."""
    counted = (
        members.order_by().annotate(one=Value(1)).values("one").annotate(number=Count("pk")).values("number")
    )
    return Coalesce(Subquery(counted), 0)


def _chips(desk: Desk, asked: Asked, counts: queries.MemberCounts) -> list[dict[str, Any]]:
    """The states to choose from, each with the address of the list in it and how many there are."""
    found = [
        ("", _("全部"), counts.all),
        ("full", _("正式"), counts.full),
        ("probationary", _("预备"), counts.probationary),
        ("never", _("还没登录过"), counts.never_signed_in),
        ("inactive", _("已停用"), counts.inactive),
    ]
    states: list[tuple[str, str, int | None]] = [*found, *([(LEFT, _("已离开"), None)] if desk.opens else [])]
    return [
        {
            "url": f"{desk.url}?{asked.query(without=['state', LEFT], state=state)}",
            "label": label,
            "count": count,
            "current": state == asked.state,
        }
        for state, label, count in states
    ]


def _pages(desk: Desk, asked: Asked, following: str | None, previous: str | None) -> dict[str, str]:
    def to(cursor: str) -> str:
        query = asked.query(cursor=cursor)
        return desk.url + (f"?{query}" if query else "")

    pages = {"first": to(""), "previous": to(previous)} if previous else {}
    return pages | ({"next": to(following)} if following else {})
