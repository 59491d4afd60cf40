"""Changing what people are in the organisation, each act with its reason and audit row.

Who may act is asked again here, under the rows' locks: two officers who deactivate each other must not both succeed.
All raise `Problem`: 404 when the actor has no right over the member, 422 with the field when it cannot be done so.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from dangjian.api.problems import FieldError, Problem, not_found, refused
from dangjian.audit.services import record
from dangjian.identity import services as identity
from dangjian.identity.models import User
from dangjian.organizations import access, bulk, id_numbers, particulars, pinyin, sealing
from dangjian.organizations.groups import stays
from dangjian.organizations.leaving.judgement import gone
from dangjian.organizations.models import (
    Member,
    Membership,
    Office,
    OfficeKind,
    Organization,
    OrganizationKind,
    Post,
    PostHeld,
)
from realtime import outbox

REASON_LENGTH = 200
NAME_LENGTH = 50


def give_office(
    *, actor: Member, member: Member, kind: str, organization: Organization, reason: str
) -> Office:
    """Make `member` an officer, editor or moderator over `organization` and everything below it."""
    reason = checked_reason(reason)
    if kind not in OfficeKind.values:
        raise _refused("kind", "unknown", _("请选择一种职责。"))
    with outbox.atomic():
        actor, member = hold(actor, member)
        if not access.may_give_office(actor, member, organization):
            raise not_found()
        office, created = Office.objects.get_or_create(member=member, kind=kind, organization=organization)
        if not created:
            words = {"name": member.name, "office": office.get_kind_display(), "where": organization}
            raise _refused("kind", "already_held", _("%(name)s 已经是 %(where)s 的%(office)s。") % words)
        _rights_changed(actor, member, "office.give", reason, _office_detail(office))
    return office


def take_office(*, actor: Member, office: Office, reason: str) -> None:
    """Take an office away; not the last officer's office one holds oneself."""
    reason = checked_reason(reason)
    with outbox.atomic():
        actor, member = hold(actor, office.member)
        if not access.may_give_office(actor, member, office.organization):
            raise not_found()
        officer_of = Office.objects.filter(member=member, kind=OfficeKind.OFFICER)
        if actor == member and office.kind == OfficeKind.OFFICER and officer_of.count() == 1:
            detail = _("这是你自己最后一个管理职责，收回后就没有人能恢复它。请让另一位管理员来办。")
            raise _refused("office", "own_last_office", detail)
        if not Office.objects.filter(pk=office.pk).delete()[0]:
            raise not_found()
        _rights_changed(actor, member, "office.take", reason, _office_detail(office))


def set_post(
    *,
    actor: Member,
    member: Member,
    organization: Organization,
    post: str,
    since: date | None,
    reason: str,
) -> PostHeld:
    """Give `member` a post in the committee of their branch or of an organisation above it."""
    reason = checked_reason(reason)
    if post not in Post.values:
        raise _refused("post", "unknown", _("请选择一个职务。"))
    with outbox.atomic():
        actor, member = hold(actor, member)
        if not access.is_officer(actor, organization):
            raise not_found()
        if organization.pk not in access.standing(member).path_ids:
            detail = _("只能在本人所在的支部或它的上级组织任职。要到别的支部任职，请先转支部。")
            raise _refused("organization", "elsewhere", detail)
        # A secretary's appointment waits here for another one to the same organisation.
        Organization.objects.select_for_update().get(pk=organization.pk)
        held = PostHeld.objects.select_related("member").filter(organization=organization, post=post)
        taken = held.filter(member=member).first() or (held.first() if post == Post.SECRETARY else None)
        if taken is not None:
            words = {"name": taken.member.name, "post": taken.get_post_display(), "where": organization}
            detail = _("%(name)s 已经是 %(where)s 的%(post)s。要换人请先免去。") % words
            raise _refused("post", "already_held", detail)
        return begin_post(member, organization, post, since=since, by=actor, reason=reason)


def end_post(*, actor: Member, held: PostHeld, reason: str, until: date | None = None) -> None:
    """Relieve a member of a post; `until` (today) is the first day on which they no longer hold it."""
    reason = checked_reason(reason)
    with outbox.atomic():
        actor, _member = hold(actor, held.member)
        if not access.is_officer(actor, held.organization):
            raise not_found()
        row = PostHeld.objects.filter(pk=held.pk).first()
        if row is None:
            raise not_found()
        close_post(row, until=until or timezone.localdate(), by=actor, reason=reason)


def begin_post(
    member: Member, organization: Organization, post: str, *, since: date | None, by: Member, reason: str
) -> PostHeld:
    """Give the post, within the caller's transaction and lock; that it is free is the caller's to have seen to."""
    row = PostHeld(member=member, organization=organization, post=post, since=since)
    signed(row, by=by, reason=reason).save()
    _rights_changed(by, member, "post.set", reason, _post_detail(row))
    return row


def relieve(member: Member, *, until: date, by: Member, reason: str) -> None:
    """End every post and take every office of the member, within the caller's transaction and lock."""
    for held in PostHeld.objects.select_related("organization").filter(member=member).order_by("since", "id"):
        held.member = member
        close_post(held, until=until, by=by, reason=reason)
    for office in Office.objects.select_related("organization").filter(member=member).order_by("since", "id"):
        _rights_changed(by, member, "office.take", reason, _office_detail(office))
        office.delete()


def close_post(held: PostHeld, *, until: date, by: Member, reason: str) -> None:
    """End the post, within the caller's transaction and lock.

    Raises:
        Problem: 422 (``until``), the day lies ahead or before the post began.
    """
    if until > timezone.localdate():
        raise _refused("until", "in_future", _("日期在今天之后。到了那一天再办。"))
    if held.since is not None and until < held.since:
        words = {"name": held.member.name, "day": held.since.isoformat(), "post": held.get_post_display()}
        detail = _("%(name)s %(day)s 才任%(post)s，不能在这之前免去。") % words
        raise _refused("until", "before_it_began", detail)
    held.until = until
    signed(held, by=by, reason=reason).save(update_fields=["until"])
    _rights_changed(by, held.member, "post.end", reason, _post_detail(held))


def reopen_post(held: PostHeld, *, by: Member, reason: str) -> None:
    """Have it that the post has not ended, within the caller's transaction and lock; that it is free is the caller's to
    have seen to."""
    held.until = None
    signed(held, by=by, reason=reason).save(update_fields=["until"])
    _rights_changed(by, held.member, "post.set", reason, _post_detail(held))


def move_member(
    *,
    actor: Member,
    member: Member,
    branch: Organization,
    reason: str,
    since: date | None = None,
    document: str = "",
) -> None:
    """Make `branch` the member's branch from `since` (today) on. Posts that would be left behind have to be ended
    first, by name."""
    reason = checked_reason(reason)
    since = since or timezone.localdate()
    with outbox.atomic():
        actor, member = hold(actor, member)
        if not access.is_officer(actor, branch):
            raise not_found()
        if branch.kind != OrganizationKind.BRANCH:
            raise _refused("branch", "no_branch", _("党员只能编入党支部，请选择一个支部。"))
        if branch == member.branch:
            raise _refused("branch", "same", _("已经在这个支部了，请选择另一个。"))
        if left := posts_left_behind(member, branch):
            raise _refused("branch", "holds_posts", left)
        before = member.branch
        place(member, branch, since=since, by=actor, reason=reason, document=document)
        moved = {"from": before.pk, "from_name": str(before), "to": branch.pk, "to_name": str(branch)}
        _rights_changed(actor, member, "member.move", reason, moved)


def posts_left_behind(member: Member, branch: Organization) -> str:
    """A sentence that names the posts a move to `branch` would leave behind; empty when there are none."""
    prefixes = branch.path_prefixes()
    left = [held for held in access.standing(member).posts if held.organization.path not in prefixes]
    if not left:
        return ""
    words = {
        "name": member.name,
        "posts": _("、").join(f"{held.organization} {Post(held.post).label}" for held in left),
    }
    return _("%(name)s 还担任 %(posts)s，请先免去职务，再转支部。") % words


def rename_member(*, actor: Member, member: Member, name: str, reason: str) -> None:
    """Correct the name, and with it how it is found."""
    reason, name = checked_reason(reason), " ".join(name.split())
    if not name:
        raise _refused("name", "required", _("请填写姓名。"))
    if len(name) > NAME_LENGTH:
        raise _refused("name", "too_long", _("姓名不能超过 %(most)s 个字。") % {"most": NAME_LENGTH})
    if not name.isprintable():
        raise _refused("name", "unprintable", _("姓名里有看不见的字符，请重新输入。"))
    with outbox.atomic():
        actor, member = hold(actor, member, left=True)
        if name == member.name:
            raise _refused("name", "same", _("姓名没有变。"))
        spelling = pinyin.spell(name)
        # Under the name they had: the row says whom it was done to.
        _record(actor, member, "member.rename", reason, {"from": member.name, "to": name})
        member.name, member.pinyin, member.initials = name, spelling.full, spelling.initials
        member.version += 1
        signed(member, by=actor, reason=reason).save(update_fields=["name", "pinyin", "initials", "version"])
        User.objects.filter(pk=member.user_id).update(name=name)
        identity.changed(member.user)


def correct_member(*, actor: Member, member: Member, reason: str, **given: Any) -> None:
    """Correct what the register says of a person: the fields of `particulars.Particulars` but the name.

    An empty value takes what stood there away. The audit row names the fields, never what they say.
    """
    reason = checked_reason(reason)
    with outbox.atomic():
        actor, member = hold(actor, member, left=True)
        write_particulars(member, given, by=actor, reason=reason)


def write_particulars(member: Member, given: Mapping[str, Any], *, by: Member, reason: str) -> None:
    """The same for an actor whose right is known, within the caller's transaction and lock."""
    wanted = particulars.of(member).replaced(**given)
    faults = particulars.faults(wanted, today=timezone.localdate())
    if (taken := number_fault(wanted.id_number, but=member)) is not None:
        faults.append(taken)
    if faults:
        raise refused(*faults)
    changed = particulars.write(member, wanted)
    if not changed:
        raise _refused("", "same", _("什么都没有变。"))
    member.version += 1
    signed(member, by=by, reason=reason).save()
    _record(by, member, "member.correct", reason, {"fields": sorted(changed)})


def number_fault(number: str, *, but: Member | None = None) -> FieldError | None:
    """That the identity number is somebody's already, be it of one who has left; None where it is nobody's but that of
    `but`."""
    others = Member.ever.filter(id_number_index__in=sealing.indexes(number))
    other = (others.exclude(pk=but.pk) if but is not None else others).first()
    if other is None:
        return None
    if other.left_on is None:
        detail = _("另一位党员已经登记了这个身份证号。一个人只能登记一次，请核实。")
        return FieldError("/id_number", "taken", detail)
    detail = gone(other.name, other.left_on, other.left_kind)
    detail += _("这个身份证号是其本人的。不要重新录入，请在“已离开”里办“恢复党籍”。")
    return FieldError("/id_number", "left", detail)


def reveal_id_number(*, actor: Member, member: Member, reason: str) -> str:
    """The whole identity number, for whoever has a reason that stands in the audit log."""
    reason = checked_reason(reason)
    with outbox.atomic():
        actor, member = hold(actor, member, left=True)
        if not member.id_number_sealed:
            raise _refused("", "none", _("这位党员还没有登记身份证号。"))
        _record(actor, member, "member.reveal", reason, {})
        return member.id_number


def look_up_id_number(*, actor: Member, members: QuerySet[Member], number: str) -> Member | None:
    """Whose identity number it is among `members`, those the actor may look for; None for nobody's. Asking stands in
    the audit log with whom it found, never with the number.

    Raises:
        Problem: 422, it can be no such number.
    """
    text = unicodedata.normalize("NFKC", number).strip()
    if faults := particulars.faults_of_number(text):
        raise refused(*faults)
    indexes = sealing.indexes(id_numbers.parse(text).number)
    with outbox.atomic():
        found = members.select_related("user", "branch").filter(id_number_index__in=indexes).first()
        if found is not None:
            _record(actor, found, "member.look_up", "", {})
        else:
            record(action="member.look_up", actor=actor.user, detail={"found": False})
    return found


def place(
    member: Member, branch: Organization, *, since: date, by: Member, reason: str, document: str = ""
) -> None:
    """End the member's stay where it is, and with it their place in a group, and begin one in `branch`, within the
    caller's transaction and lock.

    Raises:
        Problem: 422 (``since``), the day lies ahead or before the present stay began.
    """
    if since > timezone.localdate():
        raise _refused("since", "in_future", _("日期在今天之后。到了那一天再办。"))
    here = Membership.objects.select_for_update().get(member=member, until=None)
    if here.since is not None and since < here.since:
        words = {"day": here.since.isoformat(), "branch": member.branch}
        detail = _("%(day)s 才到 %(branch)s，不能在这之前转走。") % words
        raise _refused("since", "before_last_change", detail)
    if here.since == since:
        here.branch, here.reason, here.document = branch, reason, document
        here.save(update_fields=["branch", "reason", "document"])
    else:
        here.until = since
        here.save(update_fields=["until"])
        Membership.objects.create(member=member, branch=branch, since=since, reason=reason, document=document)
    stays.end(member, on=since)
    member.branch = branch
    member.version += 1
    signed(member, by=by, reason=reason).save(update_fields=["branch", "version"])
    access.forget_standing(member)


def deactivate_member(*, actor: Member, member: Member, reason: str) -> None:
    """Close the member's account: sessions end at once, sockets within two seconds. Posts and offices stay theirs."""
    reason = checked_reason(reason)
    with outbox.atomic():
        actor, member = hold(actor, member)
        if actor == member:
            raise _refused("member", "self", _("不能停用自己的账号。请让另一位管理员来办。"))
        if not member.user.is_active:
            raise _refused("member", "already", _("这个账号已经停用了。"))
        identity.deactivate(user=member.user, actor=actor.user, reason=reason)


def reactivate_member(*, actor: Member, member: Member, reason: str) -> None:
    """Open the account again, with the password, posts and offices it had."""
    reason = checked_reason(reason)
    with outbox.atomic():
        actor, member = hold(actor, member)
        if member.user.is_active:
            raise _refused("member", "already", _("这个账号没有停用。"))
        identity.reactivate(user=member.user, actor=actor.user, reason=reason)


def reset_password(*, actor: Member, member: Member, reason: str) -> str:
    """A one-time password, to be shown once; the old one and every session are worth nothing from now on."""
    reason = checked_reason(reason)
    with outbox.atomic():
        actor, member = hold(actor, member)
        if actor == member:
            raise _refused("member", "self", _("自己的密码请在“我的”里修改。"))
        if not member.user.is_active:
            raise _refused("member", "inactive", _("这个账号已停用。要让本人登录，请先恢复账号。"))
        return identity.reset_password(user=member.user, actor=actor.user, reason=reason)


def help_in(*, secretary: Member, member: Member) -> str:
    """A one-time password for the help sheet of somebody in the secretary's branch who has never signed in."""
    with outbox.atomic():
        _lock(secretary, member)
        secretary, member = _fresh(secretary), _fresh(member)
        if member.left_on is not None or not access.may_help_in(secretary, member):
            raise not_found()
        reason = _("登录帮助单")
        return identity.reset_password(user=member.user, actor=secretary.user, reason=reason)


Signed = TypeVar("Signed", bound=Model)


def signed(row: Signed, *, by: Member | None, reason: str) -> Signed:
    """`row`, whose next save is written into its history as `by`'s, for that reason (None: the system's).

    Of a member who came in without history, as from before there was any, what stood there until now is written first.
    """
    written: Any = row
    if isinstance(row, Member) and row.pk is not None:
        bulk.begin_history(Member, [row.pk])
    written._history_user = by.user if by is not None else None
    written._change_reason = reason
    return row


def hold(actor: Member, member: Member, *, left: bool = False) -> tuple[Member, Member]:
    """Both as they now are, until the transaction ends. left: also a member who has left the register.

    Raises:
        Problem: 404, the actor may not (or may no longer) manage the member; 422, who has left.
    """
    _lock(actor, member)
    actor, member = _fresh(actor), _fresh(member)
    if not actor.user.is_active or not access.may_manage_member(actor, member):
        raise not_found()
    if member.left_on is not None and not left:
        raise _refused("member", "left", gone(member.name, member.left_on, member.left_kind))
    return actor, member


def _lock(*members: Member) -> None:
    ids = [member.pk for member in members]
    list(Member.ever.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk", flat=True))


def _fresh(member: Member) -> Member:
    return Member.ever.select_related("user", "branch").get(pk=member.pk)


def checked_reason(reason: str) -> str:
    """`reason` without needless spaces.

    Raises:
        Problem: 422, there is none or it is too long.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise _refused("reason", "required", _("请写明原因，它会记入审计日志。"))
    if len(reason) > REASON_LENGTH:
        most = {"most": REASON_LENGTH}
        raise _refused("reason", "too_long", _("原因不能超过 %(most)s 个字。") % most)
    return reason


def _refused(field: str, code: str, detail: str) -> Problem:
    return refused(FieldError(f"/{field}", code, detail))


def _rights_changed(
    actor: Member, member: Member, action: str, reason: str, detail: Mapping[str, Any]
) -> None:
    _record(actor, member, action, reason, detail)
    outbox.recheck(person=member.user_id)


def _record(actor: Member, member: Member, action: str, reason: str, detail: Mapping[str, Any]) -> None:
    """The object is the account, as in identity's own rows, so that one filter tells a person's whole story."""
    record(
        action=action,
        actor=actor.user,
        object_kind="user",
        object_id=member.user_id,
        object_name=member.name,
        reason=reason,
        detail=detail,
    )


def _office_detail(office: Office) -> dict[str, Any]:
    return {
        "office": office.kind,
        "organization": office.organization_id,
        "organization_name": str(office.organization),
    }


def _post_detail(held: PostHeld) -> dict[str, Any]:
    return {
        "post": held.post,
        "organization": held.organization_id,
        "organization_name": str(held.organization),
    }
