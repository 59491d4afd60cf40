"""Pages of 发展党员: a branch's board, a case, what is due, what a superior is asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dangjian.api.problems import Problem, forbidden, not_found
from dangjian.organizations import access, topics
from dangjian.organizations.admission import papers as stored
from dangjian.organizations.admission import queries, services
from dangjian.organizations.admission.forms import (
    AdmissionForm,
    AnswerForm,
    AskForm,
    EndForm,
    PersonForm,
    StepForm,
    WhatIfForm,
)
from dangjian.organizations.admission.models import (
    AdmissionCase,
    AdmissionPaper,
    AdmissionRequest,
    CompanionRole,
)
from dangjian.organizations.admission.steps import BRANCH, BY_KEY, EXTENSION, WHO, label
from dangjian.organizations.admission.words import STEP_STATES
from dangjian.organizations.models import Member, Organization
from realtime import outbox

ANSWERED_SHOWN: Final = 20
_MONTHS: Final = 12
_YEARS: Final = range(2000, 2100)


# --- boards ----------------------------------------------------------------------------------------------------------


@never_cache
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Who is on the way into a branch, by stage; the reader's own, or ``branch``."""
    reader = _reader(request)
    branch, branches = _branch(request, reader)
    if branch is None:
        return HttpResponseRedirect(reverse("admission-superior"))
    live = _live(reader)
    found = queries.cards([branch], timezone.localdate())
    context = {
        "live": live,
        "heading": _("发展党员"),
        "branch": branch,
        "branches": branches,
        "columns": queries.columns(found),
        "found": found,
        "today": timezone.localdate(),
        "pressing": [each for each in found if each.pressing in {"overdue", "wrong", "soon"}],
        "records": access.may_record_admissions(reader, branch),
    }
    return render(request, "admission/board.html", context)


@never_cache
@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """What is due in a month (``month`` 2026-11), in the reader's branch or in those below the reader."""
    reader = _reader(request)
    branch, branches = _branch(request, reader)
    today = timezone.localdate()
    year, month = _month(request, today)
    live = _live(reader)
    found = queries.cards([branch] if branch else branches, today)
    context = {
        "live": live,
        "heading": _("发展党员日历"),
        "branch": branch,
        "branches": branches,
        "first": date(year, month, 1),
        "days": queries.due_in(found, year, month, today),
        "several": branch is None,
        "before": _shifted(year, month, -1),
        "after": _shifted(year, month, 1),
        "is_now": (year, month) == (today.year, today.month),
        "today": today,
    }
    return render(request, "admission/calendar.html", context)


@never_cache
@require_safe
def superior(request: HttpRequest) -> HttpResponse:
    """What branches ask their superior for, and how many each has on the way in."""
    reader = _reader(request)
    if not access.standing(reader).superior_paths:
        raise not_found()
    context = {
        "live": _live(reader),
        "heading": _("发展党员审批"),
        "waiting": [_waiting(reader, each) for each in queries.asked_of(reader)],
        "answered": queries.answered_by(reader, ANSWERED_SHOWN),
        "stages": queries.stages_below(reader),
    }
    return render(request, "admission/superior.html", context)


# --- a case ----------------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin a file for somebody who has applied to the branch."""
    reader = _reader(request)
    branch, _branches = _branch(request, reader)
    if branch is None or not access.may_record_admissions(reader, branch):
        raise not_found()
    form = PersonForm(_posted(request), initial={"applied_on": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        try:
            case = services.open_case(actor=reader, branch=branch, **form.cleaned_data)
        except Problem as problem:
            _take(form, problem)
        else:
            messages.success(request, _("档案建好了。下一步是派人谈话。"))
            return _to_case(case)
    context = {"branch": branch, "back": reverse("admission"), "verb": _("建立档案")}
    return _form(request, form, _("新的入党申请"), context)


@never_cache
@require_safe
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """The twenty-five steps, their papers, and what can be done now."""
    reader = _reader(request)
    live = _live(reader)
    return _case_page(request, reader, queries.case_of(reader, pk), live)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct what is said of the applicant."""
    reader, found = _recording(request, pk)
    known = {name: getattr(found, name) for name in services.PERSON}
    form = PersonForm(_posted(request), initial=known, correcting=True)
    if request.method == "POST" and form.is_valid():
        try:
            services.correct_person(actor=reader, case=found, **form.cleaned_data)
        except Problem as problem:
            _take(form, problem)
        else:
            messages.success(request, _("更正了。"))
            return _to_case(found)
    context = {"branch": found.branch, "back": _address(found), "verb": _("保存更正")}
    return _form(request, form, _("更正%(name)s的资料") % {"name": found.name}, context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Write down one of the branch's steps, or correct it."""
    reader, found = _recording(request, pk)
    kind = BY_KEY.get(step)
    if kind is None or kind.by != BRANCH or not kind.dated:
        raise not_found()
    view = services.judged(found)
    shown = view[step]
    recorded = shown.key in {each.key for each in found.steps.all()}
    unnoticed = recorded and bool(shown.unnoticed)
    again = recorded and not unnoticed
    initial: dict[str, Any] = {"on": shown.on or timezone.localdate(), **shown.data}
    if step in services.COMPANIONS:
        initial["members"] = queries.companions(found, services.COMPANIONS[step])
    due = services.companions_of(found).count() if step in services.VOTES else None
    form = StepForm(
        _posted(request), case=found, step=step, again=again, unnoticed=unnoticed, due=due, initial=initial
    )
    if request.method == "POST" and form.is_valid():
        given = {"on": shown.on} | form.cleaned_data
        if "members" in given:
            given["members"] = [each.pk for each in given["members"]]
        try:
            passed = services.record(actor=reader, case=found, step=step, **given)
        except Problem as problem:
            _take(form, problem)
        else:
            if passed:
                messages.success(request, _("记下了：%(step)s。") % {"step": shown.label})
            else:
                messages.warning(request, _("记下了表决结果：没有通过，可以以后再讨论。"))
            return _to_case(found, step)
    context = {
        "branch": found.branch, "back": f"{_address(found)}#{step}", "case": found, "shown": shown, "again": again,
        "verb": _("保存更正") if again else _("记下这一步"),
    }  # fmt: skip
    return _form(request, form, shown.label, context, template="admission/step.html")


@never_cache
@require_POST
def paper_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a ``file`` into a case: ``step``, and ``kind`` where it is one of the papers the step needs."""
    reader = _reader(request)
    found = queries.case_of(reader, pk)
    given = request.POST
    return _done(
        request, found, given.get("step", ""),
        lambda: services.add_paper(
            actor=reader, case=found, step=given.get("step", ""), kind=given.get("kind", ""),
            file=request.FILES.get("file"),
        ),
        _("材料放好了。"),
    )  # fmt: skip


@require_safe
def paper(request: HttpRequest, pk: int) -> FileResponse:
    """A paper, always as a download, to those who may see its case."""
    found = _paper(_reader(request), pk)
    try:
        file = stored.opened(found)
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(
        file, as_attachment=True, filename=found.name, content_type=found.media_type,
        headers={
            "Content-Encoding": "identity",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "private, no-store",
        },
    )  # fmt: skip


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def paper_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a paper out of the file, for a reason."""
    reader = _reader(request)
    found = _paper(reader, pk)
    if not access.may_record_admissions(reader, found.case.branch):
        raise forbidden(_("只有这个支部的书记、副书记、组织委员和管理员能办。"))
    form = EndForm(_posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            services.remove_paper(actor=reader, paper=found, **form.cleaned_data)
        except Problem as problem:
            _take(form, problem)
        else:
            messages.success(request, _("材料删除了。"))
            return _to_case(found.case, found.step)
    context = {
        "branch": found.case.branch, "back": f"{_address(found.case)}#{found.step}", "verb": _("删除材料"),
        "danger": True,
        "lead": _("删除“%(name)s”？删除后不能恢复，履历里留下谁、什么时候、为什么。") % {"name": found.name},
    }  # fmt: skip
    return _form(request, form, _("删除材料"), context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Ask the superior for a step of theirs, or for an extension of probation."""
    reader, found = _recording(request, pk)
    if step != EXTENSION and (step not in BY_KEY or BY_KEY[step].by == BRANCH):
        raise not_found()
    form = AskForm(_posted(request), extends=step == EXTENSION)
    lacking: tuple[str, ...] = ()
    if request.method == "POST" and form.is_valid():
        try:
            services.ask(actor=reader, case=found, step=step, **form.cleaned_data)
        except Problem as problem:
            if problem.status not in {409, 422}:
                raise
            lacking = tuple(each.detail for each in problem.errors if each.pointer.startswith("/steps/"))
            if not lacking:
                form.take(problem)
        else:
            messages.success(request, _("报上去了。上级办好会告诉你。"))
            return _to_case(found, step)
    context = {
        "branch": found.branch, "back": _address(found), "verb": _("报上级"), "lacking": lacking,
        "lead": _("%(name)s：%(step)s。上级看得到全部步骤和材料。") % {"name": found.name, "step": label(step)},
    }  # fmt: skip
    return _form(request, form, label(step), context, refused=bool(lacking))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """A superior looks at what was asked for, and agrees (``answer=accept``) or returns it."""
    reader = _reader(request)
    asked = (
        AdmissionRequest.objects.select_related("case__branch", "by")
        .filter(pk=pk, case__in=queries.visible(reader))
        .first()
    )
    if asked is None:
        raise not_found()
    found = queries.case_of(reader, asked.case_id)
    if not services.may_answer(reader, found, asked.step):
        raise forbidden(_("这一步由上级办理。"))
    form = AnswerForm(_posted(request), special=asked.step == "approve", initial={"on": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        try:
            _answered(request, reader, asked, form.cleaned_data)
        except Problem as problem:
            _take(form, problem)
        else:
            return HttpResponseRedirect(reverse("admission-superior"))
    view = services.judged(found)
    context = {
        "heading": asked.step_label, "asked": asked, "case": found, "form": form.marked() if form.errors else form,
        "view": view, "step": view[asked.step] if asked.step in BY_KEY else None, "done": bool(asked.answer),
        "papers": found.papers.all(), "own": asked.by_id == reader.pk,
        "contacts": queries.companions(found, CompanionRole.CONTACT),
        "introducers": queries.companions(found, CompanionRole.INTRODUCER),
    }  # fmt: skip
    return render(request, "admission/answer.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """End a case before the person is in the register."""
    reader, found = _recording(request, pk)
    lead = _("终止后，已经记下的步骤和材料都留着，看板上不再显示。以后可以重新开始。")
    return _ended(
        request, found, EndForm(_posted(request)), _("终止%(name)s的入党申请") % {"name": found.name}, lead,
        lambda given: services.cancel(actor=reader, case=found, **given), _("终止"), _("已终止。"),
    )  # fmt: skip


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def restart(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin again with a new application; the ended case stays."""
    reader, found = _recording(request, pk)
    lead = _("新建一份档案，从新的申请书算起；原来的档案留着，两份互相能找到。")
    return _ended(
        request, found, EndForm(_posted(request), again=True), _("重新开始"), lead,
        lambda given: services.restart(actor=reader, case=found, **given), _("重新开始"), _("新的档案建好了。"),
    )  # fmt: skip


@never_cache
@require_safe
def what_if(request: HttpRequest, pk: int) -> HttpResponse:
    """How it would stand if steps came on the days given in the address; nothing is stored."""
    reader = _reader(request)
    found = queries.case_of(reader, pk)
    entries = {each.key for each in found.steps.all()}
    bound = request.GET or None
    noticed = services.judged(found)["candidate"].notice is not None
    form = WhatIfForm(bound, entries=entries, member=found.member, noticed=noticed)
    good = not form.is_bound or form.is_valid()
    asked = (
        {name: value for name, value in form.cleaned_data.items() if value} if form.is_bound and good else {}
    )
    context = {
        "heading": _("推演"), "case": found, "form": form if good else form.marked(), "asked": asked,
        "view": services.what_if(found, **asked) if asked else None,
    }  # fmt: skip
    return render(request, "admission/what_if.html", context, status=200 if good else 422)


@never_cache
@require_safe
def file_list(request: HttpRequest, pk: int) -> HttpResponse:
    """The list of what is in the file, on A4."""
    found = queries.case_of(_reader(request), pk)
    view = services.judged(found)
    kept: dict[str, list[AdmissionPaper]] = {}
    others: list[AdmissionPaper] = []
    for each in found.papers.all():
        if each.kind:
            kept.setdefault(each.kind, []).append(each)
        else:
            others.append(each)
    rows = [
        (step, paper, kept.get(paper.key, [])) for step in view.steps for paper in step.kind.papers
    ]  # fmt: skip
    context = {
        "heading": _("材料清单"), "case": found, "view": view, "rows": rows, "others": others,
        "today": timezone.localdate(),
        # Papers that are missing are marked in their rows.
        "objections": [each for each in view.objections if each[1].code != "paper_missing"],
        "contacts": queries.companions(found, CompanionRole.CONTACT),
        "introducers": queries.companions(found, CompanionRole.INTRODUCER),
    }  # fmt: skip
    return render(request, "admission/file_list.html", context)


# --- parts -----------------------------------------------------------------------------------------------------------


def _reader(request: HttpRequest) -> Member:
    """
    Raises:
        Problem: 404, who keeps no admissions and answers for no superior has nothing here.
    """
    reader: Member | None = request.member  # type: ignore[attr-defined]
    if reader is None:
        raise not_found()
    own = access.standing(reader)
    if own.keeps_admissions_of is None and not own.superior_paths:
        raise not_found()
    return reader


def _posted(request: HttpRequest) -> Any:
    """What was sent, be it empty; None when nothing was."""
    return request.POST if request.method == "POST" else None


def _live(reader: Member) -> list[Any]:
    """Where the reader's topics stand; asked for before the page reads what it shows."""
    return outbox.heads([*topics.followed(reader), f"me:{reader.user_id}"])


def _recording(request: HttpRequest, pk: int) -> tuple[Member, AdmissionCase]:
    reader = _reader(request)
    found = queries.case_of(reader, pk)
    if not access.may_record_admissions(reader, found.branch):
        raise forbidden(_("只有这个支部的书记、副书记、组织委员和管理员能办。"))
    return reader, found


def _branch(request: HttpRequest, reader: Member) -> tuple[Organization | None, list[Organization]]:
    """The branch in the address, else the reader's own if they keep its admissions; and all to choose from."""
    branches = queries.branches_of(reader)
    asked = request.GET.get("branch", "")
    if asked:
        found = next((each for each in branches if str(each.pk) == asked), None)
        if found is None:
            raise not_found()
        return found, branches
    return access.standing(reader).keeps_admissions_of, branches


def _month(request: HttpRequest, today: date) -> tuple[int, int]:
    """
    Raises:
        Http404: an address nobody was given.
    """
    told = request.GET.get("month", "")
    if not told:
        return today.year, today.month
    year, _dash, month = told.partition("-")
    if year.isdecimal() and month.isdecimal() and int(year) in _YEARS and 1 <= int(month) <= _MONTHS:
        return int(year), int(month)
    raise Http404


def _shifted(year: int, month: int, by: int) -> str:
    number = year * _MONTHS + month - 1 + by
    return f"{number // _MONTHS:04}-{number % _MONTHS + 1:02}"


def _case_page(request: HttpRequest, reader: Member, found: AdmissionCase, live: list[Any]) -> HttpResponse:
    view = services.judged(found)
    requests: dict[str, list[AdmissionRequest]] = {}
    for each in found.requests.all():
        requests.setdefault(each.step, []).append(each)
    papers: dict[str, list[AdmissionPaper]] = {}
    for paper in found.papers.all():
        papers.setdefault(paper.step, []).append(paper)
    records = bool(access.may_record_admissions(reader, found.branch))
    answers = bool(access.may_answer_admissions(reader, found.branch))
    waiting = view.next if found.is_active else None
    context = {
        "live": live,
        "heading": found.name,
        "case": found,
        "branch_key": str(found.branch_id),
        "view": view,
        "next": waiting,
        "phases": [
            (name, [_shown(step, papers, requests) for step in steps], steps) for name, steps in view.phases
        ],
        "records": records and found.is_active,
        "files": (records or answers) and found.state != "cancelled",
        "answers": answers,
        "open_request": next((each for each in found.requests.all() if not each.answer), None),
        "contacts": queries.companions(found, CompanionRole.CONTACT),
        "introducers": queries.companions(found, CompanionRole.INTRODUCER),
        "transitions": found.transitions.select_related("by").order_by("-at", "-id"),
        "may_extend": records
        and found.member_id is not None
        and found.extended_months is None
        and found.is_active,
        "may_restart": records
        and found.state == "cancelled"
        and found.member_id is None
        and not hasattr(found, "restarted_as"),
        "closed": {step.key for step in view.steps if step.number <= _closed(view)},
    }
    return render(request, "admission/case.html", context)


def _closed(view: Any) -> int:
    """The number of the last step that a superior's approval has closed."""
    return max(
        (view[key].number for key in ("approve", "conversion_approve") if view[key].attained), default=0
    )


def _shown(step: Any, papers: dict[str, list[Any]], requests: dict[str, list[Any]]) -> dict[str, Any]:
    """A step as the page draws it."""
    kept = papers.get(step.key, [])
    has = {paper.kind for paper in kept}
    return {
        "step": step,
        "state": STEP_STATES[step.state],
        "who": WHO[step.kind.by] if step.kind.by != BRANCH else "",
        "papers": kept,
        "lacking": [paper for paper in step.kind.papers if paper.key not in has],
        "requests": requests.get(step.key, []),
        "open_request": next((each for each in requests.get(step.key, []) if not each.answer), None),
    }


def _waiting(reader: Member, asked: AdmissionRequest) -> dict[str, Any]:
    return {
        "asked": asked,
        "label": label(asked.step),
        "mine": services.may_answer(reader, asked.case, asked.step) and asked.by_id != reader.pk,
    }


def _answered(request: HttpRequest, reader: Member, asked: AdmissionRequest, given: dict[str, Any]) -> None:
    if request.POST.get("answer") == "accept":
        services.accept(actor=reader, request=asked, **given)
        words = {"name": asked.case.name, "step": label(asked.step)}
        messages.success(request, _("办好了：%(name)s，%(step)s。") % words)
    else:
        services.send_back(actor=reader, request=asked, reason=given["reason"])
        messages.success(request, _("退回了，支部看得到原因。"))


def _ended(
    request: HttpRequest, found: AdmissionCase, form: Any, heading: str, lead: str, act: Callable[..., Any], verb: str,
    told: str,
) -> HttpResponse:  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            made = act(form.cleaned_data)
        except Problem as problem:
            _take(form, problem)
        else:
            messages.success(request, told)
            return _to_case(made or found)
    context = {"branch": found.branch, "back": _address(found), "verb": verb, "lead": lead, "danger": True}
    return _form(request, form, heading, context)


def _form(
    request: HttpRequest, form: AdmissionForm, heading: str, context: dict[str, Any], *,
    template: str = "admission/form.html", refused: bool = False,
) -> HttpResponse:  # fmt: skip
    wrong = refused or bool(form.is_bound and form.errors)
    context |= {"heading": heading, "form": form.marked() if wrong else form}
    return render(request, template, context, status=422 if wrong else 200)


def _take(form: AdmissionForm, problem: Problem) -> None:
    if problem.status not in {409, 422}:
        raise problem
    form.take(problem)


def _done(
    request: HttpRequest, found: AdmissionCase, step: str, act: Callable[[], Any], told: str
) -> HttpResponse:
    """Do it and go back to the case; what was refused is told there."""
    try:
        act()
    except Problem as problem:
        if problem.status not in {409, 413, 415, 422}:
            raise
        messages.error(request, problem.detail)
    else:
        messages.success(request, told)
    return _to_case(found, step)


def _paper(reader: Member, pk: int) -> AdmissionPaper:
    found = (
        AdmissionPaper.objects.select_related("case__branch")
        .filter(pk=pk, case__in=queries.visible(reader))
        .first()
    )
    if found is None:
        raise not_found()
    return found


def _address(found: AdmissionCase) -> str:
    return reverse("admission-case", args=[found.pk])


def _to_case(found: AdmissionCase, step: str = "") -> HttpResponseRedirect:
    anchor = f"#{step}" if step in BY_KEY else ""
    return HttpResponseRedirect(_address(found) + anchor)
