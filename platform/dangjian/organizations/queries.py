"""Reading members and organisations for pages, sockets and the API."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, Prefetch, Q, QuerySet, Subquery, Value
from django.db.models.functions import JSONObject, Replace

from dangjian.identity.models import User
from dangjian.organizations import access, pinyin, timeline
from dangjian.organizations.groups.models import GroupMembership, GroupPeriod
from dangjian.organizations.models import (
    Member,
    Membership,
    MemberStatus,
    Office,
    OfficeKind,
    Organization,
    OrganizationPeriod,
    Post,
    PostHeld,
)

# More letters than a syllable has are looked for within the spelling too: a given name alone (jianguo), and not every
# name that has a wang somewhere.
_TELLING_LETTERS = 7


def member_of(user: User) -> Member | None:
    """The member whose account that is, with their branch; None for an account without one, or of somebody who has
    left. A session's user brings them along (`identity.sessions.bring_along`), any other costs one query."""
    if not Member.user.field.remote_field.is_cached(user):
        return Member.objects.select_related("branch").defer("id_number_sealed").filter(user=user.pk).first()
    member: Member | None = getattr(user, "member", None)  # none raises a kind of AttributeError
    return member if member is None or member.left_on is None else None


def named(members: QuerySet[Member], text: str) -> QuerySet[Member]:
    """Those of `members` whose name fits what was typed: hanzi, pinyin, initials, or a mixture (王f, w芳)."""
    if not text.strip():
        return members
    query = pinyin.parse(text)
    if not query.hanzi and not query.letters:
        return members.none()
    members = members.alias(plain_name=Replace(F("name"), Value("·"), Value("")))
    for run in query.hanzi:
        members = members.filter(plain_name__contains=run)
    for spellings in query.letters:
        members = members.filter(_spelt(spellings, anywhere=bool(query.hanzi)))
    return members


def _spelt(spellings: tuple[str, ...], *, anywhere: bool) -> Q:
    condition = Q()
    for letters in spellings:
        if anywhere:
            condition |= Q(pinyin__contains=letters) | Q(initials__contains=letters)
        else:
            condition |= Q(pinyin__startswith=letters) | Q(initials__startswith=letters)
            if len(letters) >= _TELLING_LETTERS:
                condition |= Q(pinyin__contains=letters)
    return condition


def visible_tree(reader: access.Reader, day: date) -> timeline.Tree:
    """What of the tree of `day` the reader may see, by today's rights: the own way up, and what an office covers."""
    own = access.standing(reader)
    covered, path = own.covered_paths, set(own.path_ids)
    return timeline.Tree(
        {
            pk: node
            for pk, node in timeline.tree(day).nodes.items()
            if pk in path or (covered and node.path.startswith(covered))
        }
    )


def visible_members_on(reader: access.Reader, day: date) -> QuerySet[Member]:
    """Who was on `day` in a branch whose members the reader may see today, each with `branch_then`,
    `branch_name_then`, `status_then`."""
    condition = Q(memberships__branch=reader.branch_id) if reader.branch_id else Q()
    for path in access.standing(reader).paths_of(OfficeKind.OFFICER):
        condition |= Q(memberships__branch__path__startswith=path)
    names = OrganizationPeriod.objects.filter(timeline.on(day), organization=OuterRef("memberships__branch"))
    return Member.ever.filter(timeline.on(day, "memberships__") & condition).annotate(
        branch_then=F("memberships__branch"),
        branch_name_then=Subquery(names.values("name")[:1]),
        status_then=timeline.status_on(day),
    )


def left_members_on(reader: access.Reader, day: date) -> QuerySet[Member]:
    """Who has left by `day` from the branches the reader is an officer over, each with `branch_then`,
    `branch_name_then`, `status_then`: what was so last."""
    return access.ever_managed_members(reader).filter(left_on__lte=day).annotate(
        branch_then=F("branch"), branch_name_then=F("branch__name"), status_then=F("status")
    )  # fmt: skip


def departure(member: Member) -> Membership | None:
    """The membership that ended with their leaving: how, why, by which document; None for those who are there. No query
    for these."""
    if member.left_on is None:
        return None
    return Membership.objects.filter(member=member, until=member.left_on).first()


def show_as_of(members: Sequence[Any], day: date) -> None:
    """Give each member of a page `branch_shown` (id, name), `posts_shown`, `group_shown` (id, name, leads; None: in
    none) and `status_shown`: what was so on `day`. Two queries."""
    ids = [member.pk for member in members]
    places = GroupMembership.objects.filter(timeline.on(day), member__in=ids).annotate(
        name_then=Subquery(
            GroupPeriod.objects.filter(timeline.on(day), group=OuterRef("group")).values("name")[:1]
        )
    )
    groups = {
        member: {"id": group, "name": name, "leads": leads}
        for member, group, name, leads in places.values_list("member", "group", "name_then", "leads")
    }
    posts: dict[int, list[PostHeld]] = defaultdict(list)
    for held in timeline.posts(day).filter(member__in=ids).order_by("since", "id"):
        posts[held.member_id].append(held)
    for member in members:
        member.branch_shown = {"id": member.branch_then, "name": member.branch_name_then}
        member.posts_shown = posts[member.pk]
        member.group_shown = groups.get(member.pk)
        member.status_shown = member.status_then


@dataclass(frozen=True, slots=True)
class MemberCounts:
    """How many members there are, and how many of them are in which state."""

    all: int
    full: int
    probationary: int
    never_signed_in: int
    inactive: int


def counted(organizations: QuerySet[Organization]) -> list[Any]:
    """The organisations, each with what `sum_up` adds up: its own members alone. One query."""
    return list(
        organizations.annotate(
            members_all=_present(),
            members_full=_present(members__status=MemberStatus.FULL),
            members_probationary=_present(members__status=MemberStatus.PROBATIONARY),
            members_never_signed_in=_present(
                members__user__first_signed_in_at=None, members__user__is_active=True
            ),
            members_inactive=_present(members__user__is_active=False),
        )
    )


def _present(**which: Any) -> Count:
    return Count("members", filter=Q(members__left_on=None, **which))


def sum_up(organizations: Iterable[Any]) -> MemberCounts:
    """Of those that `counted` gave."""
    states = [field.name for field in fields(MemberCounts)]
    sums = {state: sum(getattr(each, f"members_{state}") for each in organizations) for state in states}
    return MemberCounts(**sums)


def with_what_they_hold(members: QuerySet[Member]) -> QuerySet[Member]:
    """The members, each with `posts_there` and `offices_there`: lists of {"kind", "organization"}, oldest first; and
    with `group_name` and `leads_group` (None: in none). No further queries."""
    return with_group(
        members.annotate(
            posts_there=_held(PostHeld.objects.all(), "post"),
            offices_there=_held(Office.objects.all(), "kind"),
        )
    )


def with_group(members: QuerySet[Member]) -> QuerySet[Member]:
    """The members, each with the name of their Party group today, `group_name`, and `leads_group`; None: in none."""
    place = GroupMembership.objects.filter(member=OuterRef("pk"), until=None)
    return members.annotate(
        group_name=Subquery(place.values("group__name")), leads_group=Subquery(place.values("leads"))
    )


def _held(rows: QuerySet[Any], kind: str) -> ArraySubquery:
    named = JSONObject(kind=kind, organization="organization__short_name")
    return ArraySubquery(rows.filter(member=OuterRef("pk")).order_by("since", "id").values_list(named))


def of_branch(branch: Organization) -> list[Member]:
    """The members of a branch, its committee first, each with `branch_posts`, what they are in it, and their
    group. Two queries."""
    held = PostHeld.objects.filter(organization=branch)
    people = list(
        with_group(Member.objects.select_related("user"))
        .prefetch_related(Prefetch("posts_held", held, to_attr="branch_posts"))
        .filter(branch=branch)
        .order_by("pinyin", "id")
    )
    for member in people:
        member.branch = branch
    return sorted(people, key=_committee_first)


_RANK = {post: rank for rank, post in enumerate(Post.values)}


def _committee_first(member: Any) -> int:
    return min((_RANK[held.post] for held in member.branch_posts), default=len(_RANK))
