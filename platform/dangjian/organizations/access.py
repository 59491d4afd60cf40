"""Who may see and do what: what a member is in the tree (`Standing`), and the rules that follow from it.

Every rule takes the member who acts and what they act on: ``may_manage_member(officer, member)``. Pages answer 404
for what may not be seen and 403 for what may be seen but not done.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, cast

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from rules.predicates import Predicate

from dangjian.organizations.models import (
    Member,
    Office,
    OfficeKind,
    Organization,
    OrganizationKind,
    Post,
    PostHeld,
)

SECRETARIES: Final = frozenset({Post.SECRETARY, Post.DEPUTY_SECRETARY})
_KEEPERS: Final = SECRETARIES | {Post.ORGANIZATION}
_MODERATORS: Final = frozenset({OfficeKind.OFFICER, OfficeKind.MODERATOR})
_CACHED: Final = "_standing"


@dataclass(frozen=True, slots=True)
class HeldPost:
    """A post in the committee of one organisation; `post` is a `Post`."""

    post: str
    organization: Organization

    @property
    def label(self) -> str:
        return str(Post(self.post).label)


@dataclass(frozen=True, slots=True)
class HeldOffice:
    """A duty over `organization` and everything below it; `kind` is an `OfficeKind`."""

    kind: str
    organization: Organization

    @property
    def label(self) -> str:
        return str(OfficeKind(self.kind).label)


@dataclass(frozen=True, slots=True)
class Standing:
    """What one member is in the tree.

    path: the organisations from the root to the member's branch, root first.
    """

    path: tuple[Organization, ...]
    posts: tuple[HeldPost, ...]
    offices: tuple[HeldOffice, ...]

    @property
    def branch(self) -> Organization:
        return self.path[-1]

    @property
    def path_ids(self) -> tuple[int, ...]:
        """The ids of `path`: the audiences the member belongs to."""
        return tuple(organization.pk for organization in self.path)

    @property
    def covered_paths(self) -> tuple[str, ...]:
        """The tree paths below which some office reaches; none lies within another."""
        return self.paths_of(*OfficeKind)

    def paths_of(self, *kinds: str) -> tuple[str, ...]:
        """The tree paths below which an office of one of these kinds reaches; none lies within another."""
        return _outermost({office.organization.path for office in self.offices if office.kind in kinds})

    def covers(self, organization: Organization, *kinds: str) -> bool:
        """Whether an office (of one of `kinds`, if any are named) reaches `organization`."""
        return cast(str, organization.path).startswith(self.paths_of(*(kinds or OfficeKind)))

    def moderates(self, organization: Organization) -> bool:
        """Whether to look after what is said in `organization` is among the member's offices."""
        return self.covers(organization, *_MODERATORS)

    @property
    def speaks_for_branch(self) -> bool:
        """Whether the member may publish in the branch's name: its secretaries, editors and officers over it."""
        return bool(self.secretary_of) or self.covers(self.branch, OfficeKind.OFFICER, OfficeKind.EDITOR)

    @property
    def secretary_of(self) -> Organization | None:
        """The member's own branch, if they are its secretary or deputy secretary."""
        held = any(held.post in SECRETARIES and held.organization == self.branch for held in self.posts)
        return self.branch if held else None

    @property
    def is_district_officer(self) -> bool:
        """Whether the member is an officer over the whole district."""
        return self.covers(self.path[0], OfficeKind.OFFICER)

    @property
    def keeps_admissions_of(self) -> Organization | None:
        """The member's own branch, if they keep its admissions: its secretaries and its 组织委员."""
        held = any(held.post in _KEEPERS and held.organization == self.branch for held in self.posts)
        return self.branch if held else None

    @property
    def superior_paths(self) -> tuple[str, ...]:
        """The tree paths below which the member answers for a superior: as an officer, or as the (deputy) secretary
        of a 基层党委."""
        led = {
            held.organization.path
            for held in self.posts
            if held.post in SECRETARIES and held.organization.kind == OrganizationKind.COMMITTEE
        }
        return _outermost({*self.paths_of(OfficeKind.OFFICER), *led})

    @property
    def led(self) -> tuple[Organization, ...]:
        """The organisations the member is secretary or deputy secretary of, whatever their kind."""
        return tuple(dict.fromkeys(held.organization for held in self.posts if held.post in SECRETARIES))

    @property
    def is_officer(self) -> bool:
        """Whether the member is an officer over anything."""
        return bool(self.paths_of(OfficeKind.OFFICER))


def _outermost(paths: Collection[str]) -> tuple[str, ...]:
    """Those of `paths` that do not lie within another, in order."""
    found: list[str] = []
    for path in sorted(paths):
        if not path.startswith(tuple(found)):
            found.append(path)
    return tuple(found)


def standing(member: Reader) -> Standing:
    """What `member` is, in one query, remembered on the object."""
    known: Standing | None = getattr(member, _CACHED, None)
    if known is None:
        known = _load(cast(Member, member))
        setattr(member, _CACHED, known)
    return known


class ServiceReader:
    """Another system that reads in its own name: the whole district, as its scopes allow, and nobody's telephone.

    It stands where a reader is asked for, with the standing of an office over the root and no branch of its own.
    """

    branch_id = None

    def __init__(self, pk: int) -> None:
        self.pk = pk
        root = Organization.objects.get(depth=1)
        setattr(self, _CACHED, Standing((root,), (), (HeldOffice(OfficeKind.OFFICER, root),)))


Reader = Member | ServiceReader


def forget_standing(member: Member) -> None:
    """Have it read again: the member's branch, posts or offices have changed."""
    if hasattr(member, _CACHED):
        delattr(member, _CACHED)


def _load(member: Member) -> Standing:
    held = PostHeld.objects.filter(member=member)
    offices = Office.objects.filter(member=member)
    prefixes = member.branch.path_prefixes()
    found = {
        organization.path: organization
        for organization in Organization.objects.filter(
            Q(path__in=prefixes)
            | Q(pk__in=held.values("organization"))
            | Q(pk__in=offices.values("organization"))
        ).annotate(
            held_posts=_names(held, "post"),
            held_offices=_names(offices, "kind"),
        )
    }
    return Standing(
        path=tuple(found[path] for path in prefixes),
        posts=tuple(HeldPost(post, each) for each in found.values() for post in each.held_posts),
        offices=tuple(HeldOffice(kind, each) for each in found.values() for kind in each.held_offices),
    )


def _names(rows: QuerySet[PostHeld] | QuerySet[Office], column: str) -> ArraySubquery:
    return ArraySubquery(rows.filter(organization=OuterRef("pk")).order_by("since", "id").values(column))


# --- rules ---------------------------------------------------------------------------------------------------------

OnOrganization = Callable[[Reader, Organization], bool]
OnMember = Callable[[Reader, Member], bool]


def _officer(member: Reader, organization: Organization) -> bool:
    return standing(member).covers(organization, OfficeKind.OFFICER)


def _editor(member: Reader, organization: Organization) -> bool:
    return standing(member).covers(organization, OfficeKind.EDITOR)


def _moderator(member: Reader, organization: Organization) -> bool:
    return standing(member).moderates(organization)


def _secretary(member: Reader, organization: Organization) -> bool:
    return standing(member).secretary_of == organization


def _self(member: Reader, other: Member) -> bool:
    return member == other


def _person(member: Reader, other: Member) -> bool:
    return isinstance(member, Member)


def _comrade(member: Reader, other: Member) -> bool:
    return member.branch_id == other.branch_id and other.left_on is None


def _officer_over(member: Reader, other: Member) -> bool:
    return _officer(member, other.branch)


def _secretary_over(member: Reader, other: Member) -> bool:
    return other.left_on is None and _secretary(member, other.branch)


def _keeper(member: Reader, organization: Organization) -> bool:
    return standing(member).keeps_admissions_of == organization


def _belongs(member: Reader, organization: Organization) -> bool:
    return bool(member.branch_id == organization.pk)


def _leads(member: Reader, organization: Organization) -> bool:
    return organization in standing(member).led


def _superior(member: Reader, organization: Organization) -> bool:
    path = organization.path
    return any(path != above and path.startswith(above) for above in standing(member).superior_paths)


def _reaches_offices(member: Member, other: Member) -> bool:
    return all(_officer(member, office.organization) for office in standing(other).offices)


def _without_office(member: Member, other: Member) -> bool:
    return not standing(other).offices


def _never_signed_in(member: Member, other: Member) -> bool:
    return other.user.is_active and other.user.first_signed_in_at is None


# An officer looks after the base data of an organisation and everything below it; an editor publishes for it; a
# moderator, and an officer too, looks after what is said there.
is_officer: OnOrganization = Predicate(_officer)
is_editor: OnOrganization = Predicate(_editor)
is_moderator: OnOrganization = Predicate(_moderator)
# The secretary or deputy secretary of that very branch.
is_secretary_of: OnOrganization = Predicate(_secretary)
# Whoever acts for a branch towards others: its secretary or deputy, or an officer over it.
looks_after: OnOrganization = Predicate(_secretary) | Predicate(_officer)

# 发展党员: the branch's secretaries and 组织委员, and its officers, record; who answers for a superior takes note and
# approves. To everybody else a case does not exist.
may_record_admissions: OnOrganization = Predicate(_keeper) | Predicate(_officer)
may_answer_admissions: OnOrganization = Predicate(_superior)
may_see_admissions: OnOrganization = Predicate(_keeper) | Predicate(_officer) | Predicate(_superior)

# 换届: who leads an organisation, and its officers, record its elections; who answers for a superior approves them.
may_record_elections: OnOrganization = Predicate(_leads) | Predicate(_officer)
may_answer_elections: OnOrganization = Predicate(_superior)
may_see_elections: OnOrganization = Predicate(_leads) | Predicate(_officer) | Predicate(_superior)

# 党小组: everybody in the branch sees them; its secretaries and 组织委员, and its officers, arrange them.
may_see_groups: OnOrganization = Predicate(_belongs) | Predicate(_officer)
may_arrange_groups: OnOrganization = Predicate(_keeper) | Predicate(_officer)

may_see_member: OnMember = Predicate(_comrade) | Predicate(_officer_over)
# Masked; whole it stands in the contacts alone, for those who `may_call`.
may_see_phone: OnMember = Predicate(_person) & (
    Predicate(_self) | Predicate(_secretary_over) | Predicate(_officer_over)
)
# Account, name, branch and posts of somebody. Whoever holds an office that reaches further than the officer's own is
# out of the officer's hands: a new password for them would be a way to their rights.
may_manage_member: OnMember = Predicate(_officer_over) & Predicate(_reaches_offices)
# A secretary helps those in who have never been in; for the same reason not those with an office.
may_help_in: OnMember = Predicate(_secretary_over) & Predicate(_without_office) & Predicate(_never_signed_in)


def may_call(member: Member, other: Member, posts: Collection[str]) -> bool:
    """Be given the number of `other`, who holds `posts` in their branch: a branch's secretaries by everybody in it, and
    its members by its secretaries and officers. docs/decisions/0027-who-may-ring-whom.md"""
    leads = not SECRETARIES.isdisjoint(posts) and bool(_comrade(member, other))
    return leads or bool(may_see_phone(member, other))


def may_manage_sign_in(member: Member) -> bool:
    """See how far the district's accounts in its realm are, and let other systems in or shut them out."""
    return standing(member).is_district_officer


def may_give_office(member: Member, other: Member, organization: Organization) -> bool:
    """Give `other` an office over `organization`, or take it."""
    return bool(may_manage_member(member, other)) and bool(is_officer(member, organization))


# --- the same, for lists -------------------------------------------------------------------------------------------


def managed_organizations(member: Member) -> QuerySet[Organization]:
    """The organisations `member` is an officer over, in the tree's order."""
    paths = standing(member).paths_of(OfficeKind.OFFICER)
    managed: QuerySet[Organization] = Organization.objects.filter(
        _starts_with("path", paths), dissolved_on=None
    )
    return managed if paths else managed.none()


def visible_organizations(member: Member) -> QuerySet[Organization]:
    """What `member` may see of the tree, in its order: the own way up, and what an office covers."""
    own = standing(member)
    seen: QuerySet[Organization] = Organization.objects.filter(
        Q(pk__in=own.path_ids) | _starts_with("path", own.covered_paths), dissolved_on=None
    )
    return seen


def managed_members(member: Member) -> QuerySet[Member]:
    """The members of the branches `member` is an officer over."""
    paths = standing(member).paths_of(OfficeKind.OFFICER)
    return Member.objects.filter(_starts_with("branch__path", paths)) if paths else Member.objects.none()


def ever_managed_members(reader: Reader) -> QuerySet[Member]:
    """The same and those who left these branches."""
    paths = standing(reader).paths_of(OfficeKind.OFFICER)
    return Member.ever.filter(_starts_with("branch__path", paths)) if paths else Member.ever.none()


def visible_members(member: Member) -> QuerySet[Member]:
    """Those `may_see_member` allows: the own branch, and the branches `member` is an officer over."""
    return Member.objects.filter(
        Q(branch=member.branch_id)
        | _starts_with("branch__path", standing(member).paths_of(OfficeKind.OFFICER))
    )


def admission_branches(member: Member) -> QuerySet[Organization]:
    """The organisations whose admissions `may_see_admissions` lets `member` see, in the tree's order."""
    own = standing(member)
    kept = own.keeps_admissions_of
    condition = Q(pk=kept.pk) if kept is not None else Q(pk=None)
    if own.superior_paths:
        condition |= _starts_with("path", own.superior_paths)
    found: QuerySet[Organization] = Organization.objects.filter(condition).order_by("path", "id")
    return found


def helpable_members(secretary: Member) -> QuerySet[Member]:
    """Those `may_help_in` allows."""
    branch = standing(secretary).secretary_of
    if branch is None:
        return Member.objects.none()
    return Member.objects.filter(
        branch=branch, offices=None, user__is_active=True, user__first_signed_in_at=None
    )


def _starts_with(field: str, paths: tuple[str, ...]) -> Q:
    condition = Q()
    for path in paths:
        condition |= Q(**{f"{field}__startswith": path})
    return condition
