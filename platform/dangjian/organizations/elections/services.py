"""Recording an election, submitting it, and what the superior says: each act a row of the record, an audit row and an
event, or nothing.

All raise `Problem`: 404 for who may not see it, 403 for who acts for the other side, 409 when it is not the moment, 422
with the field when it cannot be so; what a rule forbids is told with the rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext as _

from dangjian.api.problems import FieldError, Problem, forbidden, not_found, refused
from dangjian.audit.services import record as note
from dangjian.organizations import access as tree_access
from dangjian.organizations import services as people
from dangjian.organizations import timeline, topics
from dangjian.organizations.access import SECRETARIES
from dangjian.organizations.elections import access, judgement, queries, terms
from dangjian.organizations.elections.models import (
    Election,
    ElectionAct,
    ElectionCandidate,
    ElectionState,
    ElectionStep,
)
from dangjian.organizations.models import Member, Organization, Post, PostHeld
from dangjian.rules.book import Book, book
from dangjian.rules.elections import REMARKS
from dangjian.rules.problems import Problem as Objection
from realtime import outbox
from tenants.context import current_district

EVENT: Final = "election.changed"
DUE: Final = "term.due"
DOCUMENT_LENGTH: Final = 60
MOST_CANDIDATES: Final = 40

# Which field of the minutes an objection is about.
_FIELDS: Final = {
    "eligible_above_register": "eligible",
    "present_above_eligible": "present",
    "quorum_short": "present",
    "issued_above_present": "issued",
    "returned_above_issued": "returned",
    "ballots_do_not_add": "valid",
    "elected_above_seats": "seats",
    "election_early": "shift_by",
    "election_late": "shift_by",
}


@dataclass(frozen=True, slots=True)
class Stood:
    """A candidate of the minutes; `post` is empty for who was not elected."""

    member: int
    votes: int
    post: str = ""


@dataclass(frozen=True, slots=True)
class Minutes:
    """What is recorded of an election; `models.Election` says what each is.

    shift_by: the organisation that approved an early or late election; None where it was in time.
    """

    held_on: date
    document: str
    committee: bool
    seats: int
    eligible: int
    present: int
    issued: int
    returned: int
    valid: int
    invalid: int
    candidates: tuple[Stood, ...]
    shift_by: int | None = None
    shift_document: str = ""
    shift_reason: str = ""


# --- what the organisation does ---------------------------------------------------------------------------------------


def record(*, actor: Member, organization: Organization, minutes: Minutes) -> Election:
    """Write down an election. What the rules object to may stand in a record until it is submitted."""
    with outbox.atomic():
        actor = _lock([actor.pk])[actor.pk]
        # A second record waits here for the first.
        organization = Organization.objects.select_for_update().get(pk=organization.pk)
        if not tree_access.may_see_elections(actor, organization):
            raise not_found()
        if not tree_access.may_record_elections(actor, organization):
            raise _not_theirs(organization)
        if judgement.term_kind(organization.kind, organization.sector) is None or organization.dissolved_on:
            raise _refused("organization", "no_term", _("这个组织没有任期，不记录换届选举。"))
        open_one = Election.objects.filter(organization=organization, state__in=judgement.OPEN).first()
        if open_one is not None:
            words = {"organization": organization, "day": open_one.held_on.isoformat()}
            detail = _("%(organization)s 已经有一份没有办完的选举记录（%(day)s），请先办完或作废它。")
            raise _refused("organization", "open_already", detail % words)
        election = Election(organization=organization)
        _write(election, minutes)
        _note(election, ElectionAct.RECORD, actor)
    return election


def revise(*, actor: Member, election: Election, minutes: Minutes, version: int) -> Election:
    """Correct what is recorded, until it has been submitted, or once it was returned.

    version: of the record that was corrected; another means that somebody was quicker (409).
    """
    with outbox.atomic():
        actor, held = _held(actor, election, ElectionAct.REVISE)
        if held.version != version:
            last = held.steps.select_related("by").latest("at", "id")
            detail = _("%(name)s 刚刚改过这份记录。下面是现在的内容，请重新核对。") % {"name": last.by.name}
            raise Problem(409, "changed_meanwhile", detail, more={"version": str(held.version)})
        _write(held, minutes)
        _move(held, ElectionAct.REVISE, actor)
    return held


def submit(*, actor: Member, election: Election) -> Election:
    """Ask the superior to approve; refused with everything the rules object to."""
    with outbox.atomic():
        actor, held = _held(actor, election, ElectionAct.SUBMIT)
        _require_lawful(held)
        _move(held, ElectionAct.SUBMIT, actor)
    return held


def discard(*, actor: Member, election: Election, reason: str) -> Election:
    """Set a record aside that should not have been, or whose election was void; it stays readable."""
    reason = people.checked_reason(reason)
    with outbox.atomic():
        actor, held = _held(actor, election, ElectionAct.DISCARD)
        _move(held, ElectionAct.DISCARD, actor, reason)
    return held


# --- what the superior does -------------------------------------------------------------------------------------------


def approve(*, actor: Member, election: Election, on: date | None = None, document: str = "") -> Election:
    """Put the elected into their posts from `on` (today) and end the posts held until then on the same day.

    document: number of the approval. Whoever is elected again to the same post begins it anew, for the term is new.
    """
    on = on or timezone.localdate()
    document = " ".join(document.split())[:DOCUMENT_LENGTH]
    with outbox.atomic():
        # Against acts on the tree, which begin with the same lock.
        list(Organization.objects.select_for_update(no_key=True).filter(depth=1).values_list("pk", flat=True))
        actor, held = _held(actor, election, ElectionAct.APPROVE)
        if on > timezone.localdate():
            raise _refused("on", "in_future", _("日期在今天之后。到了那一天再办。"))
        if on < held.held_on:
            words = {"day": held.held_on.isoformat()}
            raise _refused("on", "before_election", _("%(day)s 才选举，批准日期不能更早。") % words)
        elected = _elected(held)
        # An appointment to the same organisation waits here, and sees what became of it.
        organization = Organization.objects.select_for_update().get(pk=held.organization_id)
        if organization.dissolved_on is not None:
            raise Problem(409, "dissolved", _("这个组织已经撤销，不能再批准它的选举。请退回。"))
        _require_lawful(held)
        _require_here(elected, organization)
        _change_over(held, elected, on=on, by=actor)
        held.approved_on, held.approval_document = on, document
        _move(held, ElectionAct.APPROVE, actor)
    return held


def send_back(*, actor: Member, election: Election, reason: str) -> Election:
    """Return it to who recorded it, with a reason; posts stay as they are."""
    reason = people.checked_reason(reason)
    with outbox.atomic():
        actor, held = _held(actor, election, ElectionAct.RETURN)
        _move(held, ElectionAct.RETURN, actor, reason)
    return held


# --- what the calendar does -------------------------------------------------------------------------------------------


def remind(today: date | None = None) -> int:
    """Tell both sides of each term that runs out, once a term, from the day the rules name; how many there were.

    The organisation's secretaries and those of the one above hear of it on their `me`, officers on the topic of what
    they look after. A term that was already over when it was recorded is told of once too.
    """
    today = today or timezone.localdate()
    rules = _book()
    untold: dict[tuple[int, date | None], int] = {
        (organization, held_on): pk
        for pk, organization, held_on in Election.objects.filter(
            state=ElectionState.APPROVED, reminded_on=None
        ).values_list("pk", "organization", "held_on")
    }
    told = 0
    for node in timeline.tree(today).nodes.values():
        pk = untold.get((node.id, node.elected_on))
        term = terms.term(rules, node, today)
        if pk is not None and term is not None and term.is_due:
            told += _remind(pk, term, today)
    return told


def _remind(pk: int, term: terms.Term, today: date) -> bool:
    with outbox.atomic():
        # Whoever sets the day tells; a second worker finds it set.
        if not Election.objects.filter(pk=pk, reminded_on=None).update(reminded_on=today):
            return False
        organization = Organization.objects.get(pk=term.node.id)
        ends_on = term.clock.ends_on.isoformat() if term.clock else ""
        note(
            action="term.remind",
            actor=None,
            object_kind="organization",
            object_id=organization.pk,
            object_name=organization.name,
            detail={"on": ends_on},
        )
        data = {"organization": organization.pk, "state": term.state, "ends_on": ends_on}
        topics.tell(DUE, data, organization)
        sides = [path for path in (organization.path, organization.parent_path) if path]
        leading = PostHeld.objects.filter(organization__path__in=sides, post__in=SECRETARIES)
        for user in leading.order_by("member__user").values_list("member__user", flat=True).distinct():
            outbox.record(topic=f"me:{user}", kind=DUE, data=data)
    return True


# --- parts ------------------------------------------------------------------------------------------------------------


def objections(election: Election) -> list[Objection]:
    """What the rules of its district say of a record."""
    return queries.objections(election, list(queries.candidates().filter(election=election)), _book())


def _book() -> Book:
    return book(current_district().schema_name)


def _write(election: Election, minutes: Minutes) -> None:
    """Take the minutes over, or refuse them with every field at fault."""
    organization = election.organization
    values = asdict(minutes) | {
        "document": " ".join(minutes.document.split()),
        "shift_document": " ".join(minutes.shift_document.split()),
        "shift_reason": " ".join(minutes.shift_reason.split()),
    }
    values.pop("candidates")
    values["shift_by_id"] = values.pop("shift_by")
    faults = [
        *_faults_of_day(election, minutes.held_on),
        *_faults_of_shift(organization, values),
        *_faults_of_candidates(organization, minutes.candidates),
    ]
    if not values["document"]:
        faults.append(FieldError("/document", "required", _("请写上选举结果报告的文号。")))
    if minutes.seats < 1:
        faults.append(FieldError("/seats", "too_few", _("应选人数至少 1 人。")))
    if faults:
        raise refused(*faults)
    for name, value in values.items():
        setattr(election, name, value)
    election.save()
    election.candidates.all().delete()
    ElectionCandidate.objects.bulk_create(
        ElectionCandidate(election=election, member_id=each.member, votes=each.votes, post=each.post)
        for each in minutes.candidates
    )


def _faults_of_day(election: Election, held_on: date) -> Iterable[FieldError]:
    if held_on > timezone.localdate():
        yield FieldError("/held_on", "in_future", _("日期在今天之后。选举开过以后再记录。"))
    last = (
        Election.objects.filter(organization=election.organization, state=ElectionState.APPROVED)
        .order_by("-held_on")
        .first()
    )
    if last is not None and held_on <= last.held_on:
        words = {"day": last.held_on.isoformat()}
        yield FieldError(
            "/held_on", "before_last", _("%(day)s 已经有一次换届选举，这一次应当在它之后。") % words
        )


def _faults_of_shift(organization: Organization, values: dict[str, Any]) -> Iterable[FieldError]:
    named = values["shift_by_id"] is not None
    if not (named or values["shift_document"] or values["shift_reason"]):
        return
    above = organization.path_prefixes()[:-1]
    if not named or not Organization.objects.filter(pk=values["shift_by_id"], path__in=above).exists():
        yield FieldError("/shift_by", "not_above", _("请选择批准提前或延期的上级组织。"))
    if not values["shift_document"]:
        yield FieldError("/shift_document", "required", _("请写上批准提前或延期的文号。"))
    if not values["shift_reason"]:
        yield FieldError("/shift_reason", "required", _("请写明提前或延期的理由。"))


def _faults_of_candidates(organization: Organization, stood: Sequence[Stood]) -> Iterable[FieldError]:
    if not stood:
        yield FieldError("/candidates", "required", _("请填写候选人和每个人的得票数。"))
    if len(stood) > MOST_CANDIDATES:
        most = {"most": MOST_CANDIDATES}
        yield FieldError("/candidates", "too_many", _("候选人不能超过 %(most)s 名，请核实。") % most)
        return
    ids = [each.member for each in stood]
    here = set(
        Member.objects.filter(pk__in=ids, branch__path__startswith=organization.path).values_list(
            "pk", flat=True
        )
    )
    for number, each in enumerate(stood):
        pointer = f"/candidates/{number}"
        if each.member not in here:
            words = {"organization": organization}
            detail = _("候选人应当是 %(organization)s 的党员，请核实。") % words
            yield FieldError(f"{pointer}/member", "elsewhere", detail)
        elif each.member in ids[:number]:
            yield FieldError(f"{pointer}/member", "twice", _("同一个人填了两次，请去掉一行。"))
        if each.post and each.post not in Post.values:
            yield FieldError(f"{pointer}/post", "unknown", _("请选择一个职务。"))
    if [each.post for each in stood].count(Post.SECRETARY) > 1:
        yield FieldError("/candidates", "two_secretaries", _("书记只能有一名，请核实当选的职务。"))


def _require_lawful(election: Election) -> None:
    against = [each for each in objections(election) if each.code not in REMARKS]
    if against:
        raise refused(*(_as_error(each) for each in against))


def _as_error(objection: Objection) -> FieldError:
    words = {"message": objection.message, "cited": objection.rule.cited}
    pointer = f"/{_FIELDS.get(objection.code, 'candidates')}"
    return FieldError(pointer, objection.code, _("%(message)s（%(cited)s）") % words)


def _elected(election: Election) -> list[ElectionCandidate]:
    """Those who take up a post, their members as they now are and locked, in the order of the posts."""
    found = list(election.candidates.exclude(post=""))
    members = _lock(each.member_id for each in found)
    for each in found:
        each.member = members[each.member_id]
    return sorted(found, key=lambda each: Post.values.index(each.post))


def _require_here(elected: Collection[ElectionCandidate], organization: Organization) -> None:
    for each in elected:
        gone = each.member.left_on is not None
        if gone or organization.pk not in tree_access.standing(each.member).path_ids:
            words = {"name": each.member.name, "organization": organization}
            detail = _("%(name)s 已经不在 %(organization)s，不能在这里任职。请退回，由下级核实。")
            raise Problem(409, "moved_meanwhile", detail % words)


def _change_over(election: Election, elected: Collection[ElectionCandidate], *, on: date, by: Member) -> None:
    """End what is held and begin what was elected to, on the same day: the old row first, for a post has one row."""
    words = {"day": election.held_on.isoformat(), "document": election.document}
    reason = _("%(day)s 换届选举，%(document)s") % words
    organization = election.organization
    holding = (
        PostHeld.objects.select_for_update(of=("self",)).filter(organization=organization).order_by("id")
    )
    for row in holding.select_related("member__user"):
        if row.since is not None and row.since > on:
            told = {"name": row.member.name, "since": row.since.isoformat(), "post": row.get_post_display()}
            detail = _("%(name)s %(since)s 才任%(post)s，批准日期不能比这更早。请核实。") % told
            raise _refused("on", "before_it_began", detail)
        people.close_post(row, until=on, by=by, reason=reason)
    for each in elected:
        people.begin_post(each.member, organization, each.post, since=on, by=by, reason=reason)


def _held(actor: Member, election: Election, act: ElectionAct) -> tuple[Member, Election]:
    """The record as it now is, until the transaction ends, for an actor who may do that to it now."""
    held = Election.objects.select_for_update(of=("self",)).select_related("organization").get(pk=election.pk)
    # With the candidates' rows in one go: locks are taken in the order of their ids.
    members = _lock([actor.pk, *held.candidates.values_list("member", flat=True)])
    actor = members[actor.pk]
    if not access.sees(actor, held.organization.path):
        raise not_found()
    if not access.may_act(actor, held, act):
        raise _not_theirs(held.organization, superior=judgement.ACTS[act].side == judgement.SUPERIOR)
    if held.state not in judgement.ACTS[act].before:
        raise _not_the_moment(held)
    return actor, held


def _not_theirs(organization: Organization, *, superior: bool = False) -> Problem:
    words = {"organization": organization}
    if superior:
        return forbidden(_("这一步由 %(organization)s 的上级党委书记或组织部管理员办理。") % words)
    return forbidden(_("这一步由 %(organization)s 的书记、副书记或组织部管理员办理。") % words)


def _not_the_moment(election: Election) -> Problem:
    last = election.steps.select_related("by").latest("at", "id")
    local = timezone.localtime(last.at)
    words = {
        "name": last.by.name, "at": f"{local:%Y-%m-%d %H:%M}", "act": last.get_act_display(),
        "state": election.get_state_display(),
    }  # fmt: skip
    detail = _("%(name)s 在 %(at)s 办理了“%(act)s”，现在是“%(state)s”，不能办这一步。") % words
    return Problem(409, "not_the_moment", detail, more={"state": election.state})


def _move(election: Election, act: ElectionAct, actor: Member, reason: str = "") -> None:
    election.state = judgement.ACTS[act].after
    election.version += 1
    election.save()
    _note(election, act, actor, reason)


def _note(election: Election, act: ElectionAct, actor: Member, reason: str = "") -> None:
    """The row of the step, the audit row, and the word to who answers for the organisation, who recorded the election
    and who stood for a post that is given or taken by it."""
    ElectionStep.objects.create(election=election, act=act, by=actor, reason=reason)
    organization = election.organization
    note(
        action=f"election.{act}",
        actor=actor.user,
        object_kind="organization",
        object_id=organization.pk,
        object_name=organization.name,
        reason=reason,
        detail={"held_on": election.held_on.isoformat(), "document": election.document},
    )
    told: dict[str, Any] = {"id": election.pk, "state": election.state, "version": election.version}
    topics.tell(EVENT, told, organization)
    concerned = set(election.steps.exclude(by=actor).values_list("by__user", flat=True))
    if act == ElectionAct.APPROVE:
        concerned |= set(election.candidates.exclude(post="").values_list("member__user", flat=True))
        ended = PostHeld.ever.filter(organization=organization, until=election.approved_on)
        concerned |= set(ended.values_list("member__user", flat=True))
    for user in sorted(concerned):
        outbox.record(topic=f"me:{user}", kind=EVENT, data=told)


def _lock(ids: Iterable[int]) -> dict[int, Member]:
    """Those members as they now are, locked in the order of their ids like in every other service."""
    wanted = set(ids)
    list(Member.ever.select_for_update().filter(pk__in=wanted).order_by("pk").values_list("pk", flat=True))
    return Member.ever.select_related("user", "branch").in_bulk(wanted)


def _refused(field: str, code: str, detail: str) -> Problem:
    return refused(FieldError(f"/{field}", code, detail))
