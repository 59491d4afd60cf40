"""Changing a case. Each act asks again, under the case's lock, who may do it and whether the rules allow it, and leaves
a row of `Transition`.

All raise `Problem`: 404 where the case does not exist for the reader, 403 where they see it and may not do this, 409
where it is not the moment, 422 with the field for what cannot be; what a rule forbids is told with the rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _

from dangjian.api.problems import FieldError, Problem, forbidden, not_found, refused
from dangjian.audit.services import record as note
from dangjian.organizations import access, entering, particulars, topics
from dangjian.organizations.admission import judgement, papers
from dangjian.organizations.admission.judgement import Entry, Record, View
from dangjian.organizations.admission.models import (
    AdmissionCase,
    AdmissionCompanion,
    AdmissionPaper,
    AdmissionRequest,
    AdmissionStep,
    Answer,
    CaseState,
    CompanionRole,
    Transition,
)
from dangjian.organizations.admission.steps import (
    ASKABLE,
    BRANCH,
    BY_KEY,
    DISTRICT,
    EXTENSION,
    NUMBERS,
    PAPERS,
)
from dangjian.organizations.models import Member, MemberStatus, Organization, OrganizationKind
from dangjian.organizations.services import checked_reason, signed
from dangjian.rules.book import book
from dangjian.rules.problems import Problem as Objection
from realtime import outbox
from tenants.context import current_district

EVENT: Final = "admission.changed"
COUNTS: Final = ("due", "present", "yes", "written_yes")
VOTES: Final = frozenset({"vote", "conversion_vote"})
NOTICE: Final = ("notice_from", "notice_to")
COMPANIONS: Final = {"contacts": CompanionRole.CONTACT, "introducers": CompanionRole.INTRODUCER}
PERSON: Final = ("name", "sex", "born_on", "nationality", "education", "employment", "phone", "id_number")
_LOST: Final = "yes_too_few"
# An approval that needs its special reason is not refused by the rules; without the reason it is refused here.
_OVERDUE: Final = frozenset({"approval_late", "approval_beyond_special"})


# --- what the branch does ---------------------------------------------------------------------------------------------


def open_case(*, actor: Member, branch: Organization, applied_on: date, **person: Any) -> AdmissionCase:
    """A file for somebody who has applied. person: `PERSON`; name and date of birth at least."""
    with outbox.atomic():
        actor = _fresh(actor)
        if not access.may_see_admissions(actor, branch):
            raise not_found()
        if not access.may_record_admissions(actor, branch):
            raise forbidden(_("只有这个支部的书记、副书记、组织委员和管理员能办。"))
        if branch.kind != OrganizationKind.BRANCH or branch.dissolved_on is not None:
            raise _refused("branch", "no_branch", _("申请要交到党支部，请选择一个支部。"))
        case = AdmissionCase(branch=branch)
        _describe(case, person)
        return _opened(case, actor, applied_on)


def correct_person(*, actor: Member, case: AdmissionCase, reason: str, **person: Any) -> None:
    """Correct what is said of the applicant, until they are in the register."""
    reason = checked_reason(reason)
    with outbox.atomic():
        actor, case = _hold(actor, case)
        if case.member_id is not None:
            raise _wrong(_("已经编入名册，请在党员资料里更正。"))
        before = {name: getattr(case, name) for name in PERSON}
        _describe(case, before | person)
        changed = sorted(name for name in PERSON if before[name] != getattr(case, name))
        if not changed:
            raise _refused("", "same", _("什么都没有变。"))
        view = judged(case)
        if view["apply"].state == "unlawful":
            raise _against("born_on", view["apply"].problems)
        case.save()
        _moved(case, "person", actor, reason=reason, detail={"fields": changed})


def record(
    *, actor: Member, case: AdmissionCase, step: str, on: date, reason: str = "", **given: Any
) -> bool:
    """Write down one of the branch's steps, or correct it; False when the branch voted and did not accept.

    given, by step: `members` (contacts, introducers: ids of full members), `days`, `hours` (training), `due`,
    `present`, `yes`, `written_yes` (votes), `notice_from`, `notice_to` (candidate: the public notice; what is left out
    stays as it was). reason: needed for a correction, not for a public notice that was still missing.
    """
    kind = BY_KEY.get(step)
    if kind is None or not kind.dated:
        raise not_found()
    with outbox.atomic():
        actor, case = _hold(actor, case)
        if kind.by != BRANCH:
            raise forbidden(_("这一步由上级办理，请先报上级。"))
        stored = recorded(case)
        known = stored.entries.get(step)
        again = known is not None and not _completes(step, known, on, given)
        reason = checked_reason(reason) if again else " ".join(reason.split())[:200]
        _require_not_closed(case, step)
        if on > timezone.localdate():
            raise _refused("on", "in_future", _("日期在今天之后。到了那一天再记；想先看合不合规定，用推演。"))
        entry, companions = _entry(case, step, on, given, known)
        numbers = {COMPANIONS[step].value + "s": len(companions)} if step in COMPANIONS else {}
        view = _assess(stored.with_entry(step, entry, **numbers))
        found = view[step]
        if not found.attained and [each.code for each in found.problems] == [_LOST]:
            _moved(case, "vote_lost", actor, step=step, on=on, detail=dict(entry.data))
            return False
        if not found.attained:
            raise _against(_field_of(step, found.problems), found.problems, waits=found.state == "blocked")
        AdmissionStep.objects.update_or_create(
            case=case, key=step, defaults={"on": on, "data": dict(entry.data)}
        )
        if step in COMPANIONS:
            case.companions.filter(role=COMPANIONS[step]).delete()
            AdmissionCompanion.objects.bulk_create(
                AdmissionCompanion(case=case, member=each, role=COMPANIONS[step]) for each in companions
            )
        detail = dict(entry.data) | ({"names": [each.name for each in companions]} if companions else {})
        _moved(
            case, "correct" if again else "record", actor, step=step, on=on, reason=reason, view=view, detail=detail
        )  # fmt: skip
        return True


def ask(
    *, actor: Member, case: AdmissionCase, step: str, note: str = "", months: int | None = None
) -> AdmissionRequest:
    """Ask the superior for a step of theirs, or to extend probation by so many `months`.

    Raises:
        Problem: 422 with everything that is missing in front of it, each with its rule.
    """
    if step not in ASKABLE:
        raise not_found()
    with outbox.atomic():
        actor, case = _hold(actor, case)
        view = judged(case)
        if case.requests.filter(step=step, answer="").exists():
            raise _wrong(_("已经报上去了，上级还没有答复。"))
        if step == EXTENSION:
            _require_extendable(case, view, months)
        else:
            if view[step].attained:
                raise _wrong(_("这一步已经办好了。"))
            if lacking := judgement.before(view, step):
                raise refused(*(_as_error(f"/steps/{each.key}", problem) for each, problem in lacking))
        data = {"months": months} if step == EXTENSION else {}
        made = AdmissionRequest.objects.create(
            case=case, step=step, note=" ".join(note.split())[:200], by=actor, data=data
        )
        _moved(case, "ask", actor, step=step, reason=made.note, detail=data)
        return made


def cancel(*, actor: Member, case: AdmissionCase, reason: str) -> None:
    """End it before the person is in the register; everything recorded stays."""
    reason = checked_reason(reason)
    with outbox.atomic():
        actor, case = _hold(actor, case)
        if case.member_id is not None:
            raise _wrong(_("已经是预备党员，不能这样终止。要终止请在党员里办“离开名册”。"))
        _close(case, actor, "cancel", reason)


def held_of(member: Member) -> list[AdmissionCase]:
    """The member's case that still goes on, locked."""
    cases = AdmissionCase.objects.filter(member=member, state=CaseState.ACTIVE)
    return list(cases.select_for_update(of=("self",)).select_related("branch"))


def call_off(held: Iterable[AdmissionCase], *, by: Member, on: date, reason: str) -> None:
    """End what `held_of` gave because its member leaves the register, within the caller's transaction."""
    for case in held:
        _close(case, by, "leave", reason, on=on)


def take_up(member: Member, *, by: Member, reason: str) -> None:
    """Go on with the case that ended with the member's leaving, in the branch they are in now, within the caller's
    transaction."""
    cases = AdmissionCase.objects.select_for_update().filter(member=member, state=CaseState.CANCELLED)
    for case in cases:
        case.branch, case.state = member.branch, CaseState.ACTIVE
        _moved(case, "resume", by, reason=reason)


def restart(*, actor: Member, case: AdmissionCase, applied_on: date, reason: str) -> AdmissionCase:
    """A new file for somebody whose former one was ended; the former stays as it is and is linked."""
    reason = checked_reason(reason)
    with outbox.atomic():
        actor, case = _hold(actor, case, CaseState.CANCELLED)
        if case.member_id is not None:
            raise _wrong(_("本人已经编入过名册。要回来请在党员的“已离开”里办“恢复党籍”。"))
        if AdmissionCase.objects.filter(restarted_from=case).exists():
            raise _wrong(_("已经重新开始过了。"))
        again = AdmissionCase(branch=case.branch, restarted_from=case)
        _describe(again, {name: getattr(case, name) for name in PERSON})
        return _opened(again, actor, applied_on, action="restart", reason=reason)


# --- papers -----------------------------------------------------------------------------------------------------------


def add_paper(
    *, actor: Member, case: AdmissionCase, step: str, kind: str, file: UploadedFile[Any] | None
) -> AdmissionPaper:
    """Put a paper into the file. kind: one of the step's papers, or empty for another one."""
    if step not in BY_KEY or (kind and PAPERS.get(kind, (None,))[0] is not BY_KEY[step]):
        raise not_found()
    with outbox.atomic():
        actor, case = _seen(actor, case)
        by_superior = BY_KEY[step].by != BRANCH and access.may_answer_admissions(actor, case.branch)
        if not (by_superior or access.may_record_admissions(actor, case.branch)):
            raise forbidden(_("这份材料由党支部放进来。"))
        if case.state == CaseState.CANCELLED:
            raise _wrong(_("已经终止，不能再放材料。"))
        paper = papers.keep(case=case, step=step, kind=kind, file=file, by=actor)
        _moved(case, "paper", actor, step=step, detail={"name": paper.name, "kind": kind})
        return paper


def remove_paper(*, actor: Member, paper: AdmissionPaper, reason: str) -> None:
    """Take a paper out, for a reason; not one that a superior has decided upon."""
    reason = checked_reason(reason)
    with outbox.atomic():
        actor, case = _hold(actor, paper.case)
        _require_not_closed(case, paper.step)
        kept = AdmissionPaper.objects.filter(pk=paper.pk).first()
        if kept is None:
            raise not_found()
        papers.remove(kept)
        _moved(
            case, "paper_removed", actor, step=paper.step, reason=reason,
            detail={"name": paper.name, "kind": paper.kind},
        )  # fmt: skip


# --- what the superior does -------------------------------------------------------------------------------------------


def accept(
    *, actor: Member, request: AdmissionRequest, on: date, special_case: bool = False, reason: str = ""
) -> None:
    """Take note, agree or approve, on that day. Accepting somebody enters them in the register as a probationary
    member from the day of the vote; approving the conversion makes them a full one.

    special_case: the approval had a reason to take longer, which `reason` tells.
    """
    with outbox.atomic():
        actor, case, request = _answering(actor, request)
        if on > timezone.localdate():
            raise _refused("on", "in_future", _("日期在今天之后。到了那一天再办。"))
        reason = checked_reason(reason) if special_case else " ".join(reason.split())[:200]
        if request.step == EXTENSION:
            case.extended_months = request.data["months"]
            view = judged(case)
            if view["probation"].state == "unlawful":
                raise _against("months", view["probation"].problems)
        else:
            if request.step == "approve":
                case.special_case = special_case
            stored = recorded(case)
            view = _assess(stored.with_entry(request.step, Entry(on)))
            _require_acceptable(view, request.step)
            AdmissionStep.objects.create(case=case, key=request.step, on=on)
        _answer(request, actor, Answer.ACCEPTED, reason)
        if request.step == "approve":
            _enter(case, actor, view)
        elif request.step == "conversion_approve":
            _convert(case, actor, view)
        _moved(case, "accept", actor, step=request.step, on=on, reason=reason, view=view, detail=request.data)
        _audit(actor, case, "admission.accept", reason, step=request.step)


def send_back(*, actor: Member, request: AdmissionRequest, reason: str) -> None:
    """Return what was asked for to the branch, which sees why."""
    reason = checked_reason(reason)
    with outbox.atomic():
        actor, case, request = _answering(actor, request)
        _answer(request, actor, Answer.RETURNED, reason)
        _moved(case, "return", actor, step=request.step, reason=reason)
        _audit(actor, case, "admission.return", reason, step=request.step)


# --- how it stands ----------------------------------------------------------------------------------------------------


def recorded(case: AdmissionCase) -> Record:
    """Everything recorded of a case; what was prefetched is not asked for again."""
    roles = [each.role for each in case.companions.all()]
    return Record(
        born_on=case.born_on,
        entries={each.key: Entry(each.on, each.data) for each in case.steps.all()},
        papers=frozenset(each.kind for each in case.papers.all() if each.kind),
        contacts=roles.count(CompanionRole.CONTACT),
        introducers=roles.count(CompanionRole.INTRODUCER),
        special_case=case.special_case,
        extended_months=case.extended_months,
    )


def judged(case: AdmissionCase, today: date | None = None) -> View:
    """How a case stands, by the rules of its district."""
    return _assess(recorded(case), today)


def what_if(case: AdmissionCase, *, extended_months: int | None = None, **days: date | None) -> View:
    """How it would stand if the steps named in `days` came on those days, and the public notice (`NOTICE`); nothing is
    stored."""
    told = recorded(case)
    notice = {name: days.pop(name, None) for name in NOTICE}
    for key, on in days.items():
        if on is not None and key not in told.entries:
            told = told.with_entry(key, Entry(on))
    listed = told.entries.get("candidate", Entry(None))
    if all(notice.values()) and not judgement.notice_of(listed):
        told = told.with_entry("candidate", Entry(listed.on, {**listed.data, **_as_text(notice)}))
    if extended_months and case.extended_months is None:
        told = replace(told, extended_months=extended_months)
    return _assess(told)


def _assess(told: Record, today: date | None = None) -> View:
    rules = book(current_district().schema_name)
    return judgement.assess(rules, told, today or timezone.localdate())


# --- parts ------------------------------------------------------------------------------------------------------------


def _opened(
    case: AdmissionCase, actor: Member, applied_on: date, *, action: str = "open", reason: str = ""
) -> AdmissionCase:
    if applied_on > timezone.localdate():
        raise _refused("applied_on", "in_future", _("日期在今天之后，请核实。"))
    same = AdmissionCase.objects.filter(state=CaseState.ACTIVE, name=case.name, born_on=case.born_on)
    if same.exists():
        detail = _("已经有一份同名、同出生日期的在办档案。一个人只办一份，请核实。")
        raise _refused("name", "taken", detail)
    view = _assess(Record(case.born_on, {"apply": Entry(applied_on)}))
    if view["apply"].state == "unlawful":
        raise _against("applied_on", view["apply"].problems)
    case.save()
    AdmissionStep.objects.create(case=case, key="apply", on=applied_on)
    _moved(case, action, actor, step="apply", on=applied_on, reason=reason, view=view)
    _audit(actor, case, f"admission.{action}", reason)
    return case


def _describe(case: AdmissionCase, person: Mapping[str, Any]) -> None:
    """
    Raises:
        Problem: 422, what cannot be said of anybody, each with its field.
    """
    given = {name: person.get(name) or (None if name == "born_on" else "") for name in PERSON}
    given["name"] = " ".join(str(given["name"]).split())
    wanted = particulars.Particulars(status=MemberStatus.PROBATIONARY).replaced(**given)
    faults = particulars.faults(wanted, today=timezone.localdate())
    if wanted.born_on is None:
        faults.append(FieldError("/born_on", "required", _("请填写出生日期或身份证号。")))
    if faults:
        raise refused(*faults)
    for name in PERSON:
        setattr(case, name, getattr(wanted, name))


def _completes(step: str, known: Entry, on: date, given: Mapping[str, Any]) -> bool:
    """Whether it only adds the public notice that was not recorded yet."""
    noticed = bool(judgement.notice_of(known)) or not any(given.get(name) for name in NOTICE)
    return step == "candidate" and known.on == on and not noticed


def _noticed(known: Entry | None, given: Mapping[str, Any]) -> dict[str, str]:
    """The public notice of a candidate as it is kept; empty: none yet."""
    told = {name: given.get(name) for name in NOTICE if name in given}
    if not told:
        return _as_text(judgement.notice_of(known) if known else {})
    days = [told.get(name) for name in NOTICE]
    for name, day in zip(NOTICE, days, strict=True):
        if day is None and any(days):
            raise _refused(name, "required", _("公示的开始和结束要一起填。"))
        if day is not None and day > timezone.localdate():
            raise _refused(name, "in_future", _("公示还没有结束，结束以后再记。"))
    return _as_text(told) if all(days) else {}


def _as_text(days: Mapping[str, Any]) -> dict[str, str]:
    return {name: day.isoformat() for name, day in days.items()}


def _entry(
    case: AdmissionCase, step: str, on: date, given: Mapping[str, Any], known: Entry | None
) -> tuple[Entry, list[Member]]:
    """What was said of a step, checked as far as no rule is needed for it."""
    if step == "candidate":
        return Entry(on, _noticed(known, given)), []
    if step in COMPANIONS:
        return Entry(on), _full_members(case, given.get("members") or [])
    if step == "training":
        days, hours = (int(given.get(name) or 0) for name in ("days", "hours"))
        if not days and not hours:
            raise _refused("days", "required", _("请填写培训了几天或多少学时。"))
        return Entry(on, {"days": days, "hours": hours}), []
    if step in VOTES:
        counts = {name: given.get(name) for name in COUNTS}
        counts["written_yes"] = counts["written_yes"] or 0
        for name in COUNTS[:3]:
            if counts[name] is None:
                raise _refused(name, "required", _("请填写人数；没有就填 0。"))
        return Entry(on, counts), []
    return Entry(on), []


def _full_members(case: AdmissionCase, ids: Iterable[Any]) -> list[Member]:
    wanted = {int(each) for each in ids}
    found = list(companions_of(case).filter(pk__in=wanted))
    if not found or len(found) < len(wanted):
        raise _refused("members", "unknown", _("请从本支部的正式党员里选。"))
    return found


def companions_of(case: AdmissionCase) -> Any:
    """Who may accompany or introduce: the branch's full members, by name."""
    return Member.objects.filter(branch=case.branch_id, status=MemberStatus.FULL).order_by("pinyin", "id")


def _require_not_closed(case: AdmissionCase, step: str) -> None:
    """What a superior has decided upon stands: their steps, and everything in front of an approval."""
    approved = max(
        (NUMBERS[each] for each in ("approve", "conversion_approve") if _has(case, each)), default=0
    )
    if NUMBERS[step] <= approved or (BY_KEY[step].by != BRANCH and _has(case, step)):
        raise _wrong(
            _("上级已经审批，前面的记录和材料不能再改。确有错误的，请组织部核实后在党员资料里更正。")
        )


def _has(case: AdmissionCase, step: str) -> bool:
    return any(each.key == step for each in case.steps.all())


def _require_extendable(case: AdmissionCase, view: View, months: int | None) -> None:
    if case.member_id is None:
        raise _wrong(_("还不是预备党员，谈不上延长预备期。"))
    if case.extended_months is not None:
        raise _wrong(_("预备期只能延长一次，已经延长过了。"))
    if view["conversion_vote"].attained:
        raise _wrong(_("支部大会已经讨论通过转正。"))
    if not months:
        raise _refused("months", "required", _("请填写延长几个月。"))
    wanted = _assess(replace(recorded(case), extended_months=months))
    if wanted["probation"].state == "unlawful":
        raise _against("months", wanted["probation"].problems)


def _require_acceptable(view: View, step: str) -> None:
    found = view[step]
    overdue = [each for each in found.problems if each.code in _OVERDUE]
    if not found.attained or overdue:
        raise _against("on", found.problems or tuple(each for _, each in judgement.before(view, step)))


def _enter(case: AdmissionCase, actor: Member, view: View) -> None:
    """The person is a probationary member from the day of the branch's vote on."""
    wanted = particulars.Particulars(
        **{name: getattr(case, name) for name in PERSON},
        status=MemberStatus.PROBATIONARY,
        joined_on=view["vote"].on,
    )
    case.member = entering.enter(by=actor, branch=case.branch, wanted=wanted, reason=_("接收预备党员"))


def _convert(case: AdmissionCase, actor: Member, view: View) -> None:
    """A full member from the day probation was over: it is not the member's fault when a meeting was late."""
    assert case.member_id is not None  # noqa: S101  (nobody is converted who was not accepted)
    member = Member.objects.select_for_update(of=("self",)).select_related("user").get(pk=case.member_id)
    member.status, member.converted_on = MemberStatus.FULL, view["conversion_vote"].earliest
    member.version += 1
    signed(member, by=actor, reason=_("转正")).save(update_fields=["status", "converted_on", "version"])
    case.state = CaseState.COMPLETED


def _close(case: AdmissionCase, actor: Member, action: str, reason: str, *, on: date | None = None) -> None:
    case.state = CaseState.CANCELLED
    case.requests.filter(answer="").update(
        answer=Answer.RETURNED, answered_at=timezone.now(), answered_by=actor, reason=_("已终止")
    )
    _moved(case, action, actor, on=on, reason=reason)
    _audit(actor, case, "admission.cancel", reason)


def _answer(request: AdmissionRequest, actor: Member, answer: Answer, reason: str) -> None:
    request.answer, request.answered_by, request.reason = answer, actor, reason
    request.answered_at = timezone.now()
    request.save(update_fields=["answer", "answered_by", "answered_at", "reason"])
    # A 组织委员 follows no organisation, and whoever asked waits for it.
    told = {"id": request.case_id, "step": request.step, "answer": str(answer)}
    outbox.record(topic=f"me:{request.by.user_id}", kind=EVENT, data=told)


def _moved(
    case: AdmissionCase, action: str, by: Member, *, step: str = "", on: date | None = None, reason: str = "",
    view: View | None = None, detail: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write the transition, and the case with the stage it is in now."""
    before = case.stage
    case.stage = (view or judged(_again(case))).stage
    case.save()
    topics.tell(EVENT, {"id": case.pk, "state": case.state, "stage": case.stage}, case.branch)
    Transition.objects.create(
        case=case, action=action, step=step, from_stage=before, to_stage=case.stage, on=on, by=by, reason=reason,
        detail=dict(detail or {}),
    )  # fmt: skip


def _again(case: AdmissionCase) -> AdmissionCase:
    return AdmissionCase.objects.get(pk=case.pk) if case.pk else case


def _seen(actor: Member, case: AdmissionCase) -> tuple[Member, AdmissionCase]:
    """Both as they now are, the case locked.

    Raises:
        Problem: 404, it does not exist for the actor.
    """
    actor = _fresh(actor)
    held = (
        AdmissionCase.objects.select_for_update(of=("self",))
        .select_related("branch")
        .filter(pk=case.pk)
        .first()
    )
    if held is None or not access.may_see_admissions(actor, held.branch):
        raise not_found()
    return actor, held


def _hold(
    actor: Member, case: AdmissionCase, state: CaseState = CaseState.ACTIVE
) -> tuple[Member, AdmissionCase]:
    """The same, for whoever records for the branch."""
    actor, held = _seen(actor, case)
    if not access.may_record_admissions(actor, held.branch):
        raise forbidden(_("只有这个支部的书记、副书记、组织委员和管理员能办。"))
    # The papers are filed after the conversion.
    if held.state != state and not (state == CaseState.ACTIVE and held.state == CaseState.COMPLETED):
        raise _wrong(_("现在不能这样做：这份档案%(state)s。") % {"state": held.get_state_display()})
    return actor, held


def _answering(actor: Member, request: AdmissionRequest) -> tuple[Member, AdmissionCase, AdmissionRequest]:
    actor, case = _seen(actor, request.case)
    if not may_answer(actor, case, request.step):
        raise forbidden(_("这一步由上级办理。"))
    held = AdmissionRequest.objects.select_for_update().get(pk=request.pk)
    if held.answer:
        raise _wrong(_("已经有人答复过了：%(answer)s。") % {"answer": held.get_answer_display()})
    if held.by_id == actor.pk:
        raise forbidden(_("自己报的，要由另一个人来办。"))
    return actor, case, held


def may_answer(actor: Member, case: AdmissionCase, step: str) -> bool:
    """Whether `actor` may do what the branch asks its superior for; the district's filing is its own officers'."""
    if step in BY_KEY and BY_KEY[step].by == DISTRICT:
        root = access.standing(actor).path[0]
        return bool(access.is_officer(actor, root))
    return bool(access.may_answer_admissions(actor, case.branch))


def _fresh(member: Member) -> Member:
    found = Member.objects.select_related("user", "branch").filter(pk=member.pk).first()
    if found is None or not found.user.is_active:
        raise not_found()
    return found


def _against(field: str, problems: Collection[Objection], *, waits: bool = False) -> Problem:
    if not problems:
        detail = _("前面的步骤还没有办完，先补上它们，这一步才算数。") if waits else _("现在还不能办这一步。")
        return _refused(field, "blocked", detail)
    return refused(*(_as_error(f"/{field}", each) for each in problems))


def _as_error(pointer: str, problem: Objection) -> FieldError:
    """An objection with where it stands."""
    words = {"message": problem.message, "cited": problem.rule.cited}
    return FieldError(pointer, problem.code, _("%(message)s（%(cited)s）") % words)


def _field_of(step: str, problems: Collection[Objection]) -> str:
    """The field that the first objection is about."""
    code = next((each.code for each in problems), "")
    if code in {"introducers_short", "contacts_range"}:
        return "members"
    if code == "training_short":
        return "days"
    if code in {"notice_reversed", "notice_short"}:
        return "notice_to"
    if code == "notice_too_early":
        return "notice_from"
    if code in {"present_above_due", "present_too_few"}:
        return "present"
    if code in {"yes_above_present", "yes_too_few"}:
        return "yes"
    return "written_yes" if code == "written_above_absent" else "on"


def _audit(actor: Member, case: AdmissionCase, action: str, reason: str, **detail: Any) -> None:
    note(
        action=action, actor=actor.user, object_kind="admission", object_id=case.pk, object_name=case.name,
        reason=reason,
        detail={"organization": case.branch_id, "organization_name": str(case.branch), **detail},
    )  # fmt: skip


def _refused(field: str, code: str, detail: str) -> Problem:
    return refused(FieldError(f"/{field}" if field else "", code, detail))


def _wrong(detail: str) -> Problem:
    return Problem(409, "wrong_state", detail)
