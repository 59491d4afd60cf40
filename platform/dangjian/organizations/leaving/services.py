"""Leaving the register and coming back to it: each act one transaction with what ends by it, audit row and event.

All raise `Problem`: 404 for who does not look after the member, 422 with the field when it cannot be done so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext as _

from dangjian.api.problems import FieldError, not_found, refused
from dangjian.audit.services import record
from dangjian.identity import services as identity
from dangjian.organizations import access, services, topics
from dangjian.organizations.admission import services as admission
from dangjian.organizations.corrections import services as corrections
from dangjian.organizations.groups import stays
from dangjian.organizations.leaving import judgement
from dangjian.organizations.leaving.judgement import Person
from dangjian.organizations.models import (
    Member,
    Membership,
    Organization,
    OrganizationKind,
    OrganizationPeriod,
    Post,
    PostHeld,
)
from dangjian.organizations.transfers import services as transfers
from realtime import outbox

EVENT: Final = "member.changed"
DOCUMENT_LENGTH: Final = 60


def leave(
    *, actor: Member, member: Member, kind: str, on: date | None = None, reason: str, document: str = ""
) -> None:
    """Take the member out of the register; `on` (today) is the first day on which they are no longer in it.

    kind: one of `Leaving`. With it end their posts and offices, their place in a group, their account, and what was
    under way for them: an admission, a transfer, requests for corrections. What they wrote, paid and were stays.
    """
    reason, document = services.checked_reason(reason), _document(document)
    on = on or timezone.localdate()
    with outbox.atomic():
        # Locked before the people, in the order of those who settle such a thing; read again below, for one may have
        # been begun meanwhile.
        admission.held_of(member), transfers.held_of(member)
        actor, member = services.hold(actor, member, left=True)
        if actor == member:
            detail = _("不能把自己移出名册。请让另一位管理员来办。")
            raise refused(FieldError("/member", "self", detail))
        stay = Membership.objects.select_for_update().filter(member=member, until=None).first()
        _judge(judgement.leaving(_person(member, stay), kind=kind, on=on, today=timezone.localdate()))
        assert stay is not None  # noqa: S101  (whoever has not left is somewhere)
        services.relieve(member, until=on, by=actor, reason=reason)
        stays.end(member, on=on)
        admission.call_off(admission.held_of(member), by=actor, on=on, reason=reason)
        transfers.call_off(transfers.held_of(member), member=member, by=actor, reason=reason)
        corrections.call_off(member, by=actor, reason=reason)
        stay.until, stay.ended, stay.ended_reason, stay.ended_document = on, kind, reason, document
        stay.save(update_fields=["until", "ended", "ended_reason", "ended_document"])
        _write(member, actor, reason, left_on=on, left_kind=kind)
        if member.user.is_active:
            identity.deactivate(user=member.user, actor=actor.user, reason=reason)
        told = {"left": kind, "on": on.isoformat(), "document": document}
        _note(actor, member, "member.leave", reason, told | _where(member.branch))


def restore(
    *,
    actor: Member,
    member: Member,
    branch: Organization,
    on: date | None = None,
    reason: str,
    document: str = "",
    account: bool = True,
) -> None:
    """Make somebody who has left a member of `branch` from `on` (today) on. account: open it again too."""
    reason, document = services.checked_reason(reason), _document(document)
    on = on or timezone.localdate()
    with outbox.atomic():
        branch = _held(branch.pk)
        actor, member = services.hold(actor, member, left=True)
        _judge(judgement.coming_back(_person(member), on=on, today=timezone.localdate()))
        _require_takes_in(actor, branch, on)
        _judge(services.number_fault(member.id_number, but=member))
        Membership.objects.create(member=member, branch=branch, since=on, reason=reason, document=document)
        told = {"on": on.isoformat(), "document": document} | _where(branch)
        _come_back(actor, member, branch, "member.restore", reason, account, told)


def take_back(*, actor: Member, member: Member, reason: str, account: bool = True) -> None:
    """Correct a record of leaving that was a mistake: the member has been in their branch all along, and in the posts
    that ended by it, as far as the actor may give them and nobody else has followed, and in their group. Offices and a
    transfer are not begun again. account: open it again too."""
    reason = services.checked_reason(reason)
    with outbox.atomic():
        branch = _held(member.branch_id)
        actor, member = services.hold(actor, member, left=True)
        _judge(judgement.taking_back(_person(member)))
        if branch.dissolved_on is not None or branch.pk != member.branch_id:
            detail = _("原来的支部已经撤销，不能照原样撤回。请办“恢复党籍”，另选一个支部。")
            raise refused(FieldError("/member", "dissolved", detail))
        _judge(services.number_fault(member.id_number, but=member))
        told = {"left": member.left_kind, "on": str(member.left_on)} | _where(branch)
        stay = Membership.objects.get(member=member, until=member.left_on)
        posts, left_on = _ended_by(member, stay), stay.until
        stay.until, stay.ended, stay.ended_reason, stay.ended_document = None, "", "", ""
        stay.save(update_fields=["until", "ended", "ended_reason", "ended_document"])
        _take_up_again(posts, actor, reason)
        assert left_on is not None  # noqa: S101  (the stay of who has left has an end)
        stays.resume(member, on=left_on)
        _come_back(actor, member, branch, "member.take_back", reason, account, told)


# --- parts -----------------------------------------------------------------------------------------------------------


def _person(member: Member, stay: Membership | None = None) -> Person:
    days = [member.converted_on] if member.converted_on is not None else []
    if stay is not None:
        posts = PostHeld.ever.filter(member=member).values_list("since", "until")
        days += [day for post in posts for day in post if day is not None]
    return Person(
        member.name, member.status, member.joined_on, stay.since if stay is not None else None,
        max(days, default=None), member.left_on, member.left_kind,
    )  # fmt: skip


def _judge(fault: FieldError | None) -> None:
    if fault is not None:
        raise refused(fault)


def _held(branch: int) -> Organization:
    """The branch as it now is, held against its being dissolved meanwhile."""
    found: Organization = Organization.objects.select_for_update(no_key=True).get(pk=branch)
    return found


def _require_takes_in(actor: Member, branch: Organization, on: date) -> None:
    if not access.is_officer(actor, branch):
        raise not_found()
    if branch.kind != OrganizationKind.BRANCH:
        raise refused(FieldError("/branch", "no_branch", _("党员只能编入党支部，请选择一个支部。")))
    if branch.dissolved_on is not None:
        detail = _("%(branch)s 已经撤销，请另选一个支部。") % {"branch": branch}
        raise refused(FieldError("/branch", "dissolved", detail))
    first = OrganizationPeriod.objects.filter(organization=branch).order_by("since").first()
    unbounded = OrganizationPeriod.objects.filter(organization=branch, since=None).exists()
    if not unbounded and first is not None and first.since is not None and on < first.since:
        words = {"branch": branch, "day": first.since.isoformat()}
        detail = _("%(branch)s 到 %(day)s 才成立，日期不能更早。") % words
        raise refused(FieldError("/on", "before_branch", detail))


def _ended_by(member: Member, stay: Membership) -> list[PostHeld]:
    """The posts that ended with that departure: on its day, last written for its reason."""
    ended = (
        PostHeld.ever.select_related("organization")
        .filter(member=member, until=stay.until)
        .order_by("since", "id")
    )
    return [held for held in ended if held.history.latest().history_change_reason == stay.ended_reason]


def _take_up_again(posts: Iterable[PostHeld], actor: Member, reason: str) -> None:
    for held in posts:
        there = PostHeld.objects.filter(organization=held.organization, post=held.post)
        taken = there if held.post == Post.SECRETARY else there.filter(member=held.member_id)
        if access.is_officer(actor, held.organization) and not taken.exists():
            services.reopen_post(held, by=actor, reason=reason)


def _come_back(
    actor: Member,
    member: Member,
    branch: Organization,
    action: str,
    reason: str,
    account: bool,
    told: Mapping[str, Any],
) -> None:
    member.branch = branch
    _write(member, actor, reason, left_on=None, left_kind="", branch=branch)
    admission.take_up(member, by=actor, reason=reason)
    if account and not member.user.is_active:
        identity.reactivate(user=member.user, actor=actor.user, reason=reason)
    _note(actor, member, action, reason, told)


def _write(member: Member, by: Member, reason: str, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(member, name, value)
    member.version += 1
    services.signed(member, by=by, reason=reason).save(update_fields=[*fields, "version"])
    access.forget_standing(member)


def _note(actor: Member, member: Member, action: str, reason: str, detail: Mapping[str, Any]) -> None:
    record(
        action=action, actor=actor.user, object_kind="user", object_id=member.user_id, object_name=member.name,
        reason=reason, detail=detail,
    )  # fmt: skip
    topics.tell(EVENT, {"id": member.pk, "present": member.left_on is None}, member.branch)
    outbox.recheck(person=member.user_id)


def _where(branch: Organization) -> dict[str, Any]:
    return {"organization": branch.pk, "organization_name": str(branch)}


def _document(text: str) -> str:
    return " ".join(text.split())[:DOCUMENT_LENGTH]
