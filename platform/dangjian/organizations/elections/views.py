"""任期与换届: whose term runs out, and the elections that are recorded, submitted and approved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dangjian.api.problems import Problem, not_found
from dangjian.organizations import access as tree_access
from dangjian.organizations import topics
from dangjian.organizations.asked import day_of
from dangjian.organizations.elections import access, forms, judgement, queries, services, terms, words
from dangjian.organizations.elections.models import Election, ElectionAct, ElectionState
from dangjian.organizations.models import Member, Organization
from dangjian.organizations.views import officer_of
from dangjian.rules.book import Book, book
from dangjian.rules.elections import REMARKS
from realtime import outbox

A_PAGE: Final = 30
_SHOWN: Final = ("waiting", *terms.STATES)
_FORMS: Final[dict[str, Any]] = {
    ElectionAct.SUBMIT: forms.SubmitForm,
    ElectionAct.DISCARD: forms.DiscardForm,
    ElectionAct.APPROVE: forms.ApproveForm,
    ElectionAct.RETURN: forms.ReturnForm,
}
_RUN: Final[dict[str, Any]] = {
    ElectionAct.SUBMIT: services.submit,
    ElectionAct.DISCARD: services.discard,
    ElectionAct.APPROVE: services.approve,
    ElectionAct.RETURN: services.send_back,
}
_DONE: Final[dict[str, Any]] = {
    ElectionAct.SUBMIT: lambda: _("已报上级，等上级批准。"),
    ElectionAct.DISCARD: lambda: _("已作废，记录还可以查看。"),
    ElectionAct.APPROVE: lambda: _("已批准，新的职务从那天起算，原来的同一天免去。"),
    ElectionAct.RETURN: lambda: _("已退回，下级会看到原因。"),
}


# --- terms ------------------------------------------------------------------------------------------------------------


@never_cache
@require_safe
def of_district(request: HttpRequest) -> HttpResponse:
    """The officer's list: every organisation in their care."""
    officer_of(request)
    return _terms(request, "officer-terms", "organizations/desk.html")


@never_cache
@require_safe
def of_branch(request: HttpRequest) -> HttpResponse:
    """Those the reader leads, and below a committee they lead."""
    return _terms(request, "terms", "organizations/transfers/frame.html")


def _terms(request: HttpRequest, name: str, frame: str) -> HttpResponse:
    reader, given = _reader(request), request.GET
    if not access.sees_anything(reader):
        raise not_found()
    day, fault = day_of(given.get("as_of", ""))
    everything = queries.rows(reader, day=day, book=_book(request))
    state = given.get("state", "") if given.get("state") in _SHOWN else ""
    text = given.get("q", "").strip()[:50]
    found = [row for row in everything if _fits(row, state, text)]
    page, pages = _page_of(found, given)
    context = {
        "heading": _("任期与换届"),
        "frame": frame,
        "back": "/branch/",
        "address": reverse(name),
        "rows": [(row, words.TERM_STATES[row.term.state], _may_record(reader, row)) for row in page],
        "total": len(found),
        "everything": len(everything),
        "chips": _chips(given, queries.counts(everything), state),
        "pages": pages,
        "day": day,
        "today": timezone.localdate(),
        "is_today": day == timezone.localdate(),
        "fault": fault,
        "q": text,
        "state": state,
    }
    return render(request, "organizations/elections/terms.html", context, status=422 if fault else 200)


def _fits(row: queries.Row, state: str, text: str) -> bool:
    if text and text not in row.node.name and text not in row.node.short_name:
        return False
    if state == "waiting":
        return row.open is not None and row.open[1] == ElectionState.SUBMITTED
    return state in {"", row.term.state}


def _may_record(reader: Member, row: queries.Row) -> bool:
    own = tree_access.standing(reader)
    led = {organization.path for organization in own.led}
    return row.node.path in led or row.node.path.startswith(own.paths_of("officer"))


def _page_of(found: list[queries.Row], given: QueryDict) -> tuple[list[queries.Row], dict[str, str]]:
    asked = given.get("page", "1")
    last = max(1, -(-len(found) // A_PAGE))
    number = min(max(1, int(asked)), last) if asked.isascii() and asked.isdecimal() and len(asked) < 6 else 1
    pages = {}
    if number > 1:
        pages["previous"] = f"?{_query(given, page=str(number - 1))}"
    if number < last:
        pages["next"] = f"?{_query(given, page=str(number + 1))}"
    return found[(number - 1) * A_PAGE : number * A_PAGE], pages


def _chips(given: QueryDict, counted: Any, chosen: str) -> list[dict[str, Any]]:
    labels = [("", _("全部")), ("waiting", _("待审批"))]
    labels += [(state, str(words.TERM_STATES[state].word)) for state in reversed(terms.STATES)]
    return [
        {
            "url": f"?{_query(given, state=value)}",
            "label": label,
            "count": counted[value],
            "current": value == chosen,
        }
        for value, label in labels
        if counted[value] or value in {"", chosen}
    ]


def _query(given: QueryDict, **more: str) -> str:
    kept = {name: given.get(name, "") for name in ("state", "as_of", "q")} | more
    return urlencode({name: value for name, value in kept.items() if value})


# --- elections --------------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Record one: of the only organisation the reader leads, or of the one that was chosen among the terms."""
    actor, asked = _reader(request), request.GET.get("organization", "")
    own = tree_access.standing(actor)
    if not asked and not own.led and own.is_officer:
        return HttpResponseRedirect(reverse("officer-terms"))
    organization = _recordable(actor, asked)
    page = _Form(request, actor, organization)
    if request.method != "POST":
        return page.shown(_first(organization, _book(request)), [])
    return page.posted(
        lambda minutes: services.record(actor=actor, organization=organization, minutes=minutes)
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct a record that has not been submitted, or was returned."""
    actor = _reader(request)
    shown = _election(actor, pk)
    if not tree_access.may_record_elections(actor, shown.organization):
        raise not_found()
    if shown.state not in judgement.ACTS[ElectionAct.REVISE].before:
        return HttpResponseRedirect(reverse("election", args=[pk]))
    page = _Form(request, actor, shown.organization, shown)
    head, stood = forms.filled_in(shown)
    if request.method != "POST":
        return page.shown(head, stood)
    asked = request.POST.get("version", "")
    version = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 9 else 0
    return page.posted(
        lambda minutes: services.revise(actor=actor, election=shown, minutes=minutes, version=version)
    )


@dataclass
class _Form:
    """The page an election is written down on."""

    request: HttpRequest
    actor: Member
    organization: Organization
    election: Election | None = None

    def shown(self, head: dict[str, Any], stood: list[dict[str, Any]]) -> HttpResponse:
        form = forms.MinutesForm(initial=head, organization=self.organization)
        return self._render(form, forms.candidate_forms(None, organization=self.organization, initial=stood))

    def posted(self, run: Any) -> HttpResponse:
        more = "more" in self.request.POST
        form = forms.MinutesForm(self.request.POST, organization=self.organization)
        rows = forms.candidate_forms(self.request.POST, organization=self.organization, initial=[], more=more)
        if more:
            return self._render(form, rows, quiet=True)
        if form.is_valid() and rows.is_valid():
            try:
                made = run(form.minutes(rows.stood()))
            except Problem as problem:
                if problem.status == 409 and self.election is not None:
                    # What was filled in stays; the version is the present one, so that saving again is a decision.
                    self.election = _election(self.actor, self.election.pk)
                _put(form, problem)
            else:
                messages.success(self.request, _("已保存。核对以后报上级。"))
                return HttpResponseRedirect(reverse("election", args=[made.pk]))
        return self._render(form, rows, status=422)

    def _render(self, form: Any, rows: Any, *, status: int = 200, quiet: bool = False) -> HttpResponse:
        context = {
            "heading": _("记录换届选举") if self.election is None else _("修改选举记录"),
            "organization": self.organization,
            "form": form,
            "rows": rows,
            "quiet": quiet,
            "election": self.election,
            "may_stand": forms.offered(self.organization),
            "counts": [form[name] for name in ("seats", "eligible", "present")],
            "ballots": [form[name] for name in ("issued", "returned", "valid", "invalid")],
            "shift": [form[name] for name in ("shift_by", "shift_document", "shift_reason")],
            "shifted": any(form[name].value() or form[name].errors for name in _SHIFT),
            "back": _back(self.actor),
        }
        return render(self.request, "organizations/elections/edit.html", context, status=status)


_SHIFT: Final = ("shift_by", "shift_document", "shift_reason")


@never_cache
@require_safe
def election(request: HttpRequest, pk: int) -> HttpResponse:
    reader = _reader(request)
    live = outbox.heads(topics.followed(reader))
    return _page(request, reader, _election(reader, pk), live=live)


@never_cache
@require_POST
def act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Submit, approve, return or discard; what was refused is told where it was asked."""
    reader = _reader(request)
    shown = _election(reader, pk)
    if act not in _RUN:
        raise not_found()
    form = _FORMS[act](request.POST, prefix=act)
    status = 422
    if form.is_valid():
        try:
            _RUN[act](actor=reader, election=shown, **form.cleaned_data)
        except Problem as problem:
            _put(form, problem)
            status, shown = problem.status, _election(reader, pk)
        else:
            messages.success(request, _DONE[act]())
            return HttpResponseRedirect(reverse("election", args=[pk]))
    live = outbox.heads(topics.followed(reader))
    return _page(request, reader, shown, live=live, refused={act: form}, status=status)


def _page(
    request: HttpRequest,
    reader: Member,
    shown: Election,
    *,
    live: list[dict[str, Any]],
    refused: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The record with what the rules say of it and the forms of what the reader may do now."""
    stood = list(shown.candidates.all())
    settled = shown.state in {ElectionState.APPROVED, ElectionState.DISCARDED}
    problems = [] if settled else queries.objections(shown, stood, _book(request))
    against = [each for each in problems if each.code not in REMARKS]
    acts = _acts(reader, shown, refused or {})
    if against:
        acts.pop(ElectionAct.APPROVE, None)
        acts.pop(ElectionAct.SUBMIT, None)
    labels = dict(words.posts(shown.organization.kind))
    steps = sorted(shown.steps.all(), key=lambda step: (step.at, step.pk))
    context = {
        "heading": _("换届选举"),
        "shown": shown,
        "state": words.ELECTION_STATES[shown.state],
        "stood": [(each, labels.get(each.post, "")) for each in stood],
        "elected": sum(bool(each.post) for each in stood),
        "against": against,
        "remarks": [each for each in problems if each.code in REMARKS],
        "steps": steps,
        "returned": steps[-1] if shown.state == ElectionState.RETURNED else None,
        "acts": acts,
        "told": (refused or {}).values(),
        "may_edit": tree_access.may_record_elections(reader, shown.organization)
        and shown.state in judgement.ACTS[ElectionAct.REVISE].before,
        "submitted": shown.state == ElectionState.SUBMITTED,
        "waits": shown.state == ElectionState.SUBMITTED and ElectionAct.APPROVE not in acts,
        "settled": settled,
        "live": live,
        "back": _back(reader),
    }
    return render(request, "organizations/elections/election.html", context, status=status)


# --- parts ------------------------------------------------------------------------------------------------------------


def _acts(reader: Member, shown: Election, refused: dict[str, Any]) -> dict[str, Any]:
    return {
        str(act): refused.get(act) or form(prefix=act)
        for act, form in _FORMS.items()
        if shown.state in judgement.ACTS[act].before and access.may_act(reader, shown, act)
    }


def _reader(request: HttpRequest) -> Member:
    reader: Member | None = request.member  # type: ignore[attr-defined]
    if reader is None:
        raise not_found()
    return reader


def _book(request: HttpRequest) -> Book:
    return book(request.district.schema_name)  # type: ignore[attr-defined]


def _election(reader: Member, pk: int) -> Election:
    found: Election | None = queries.elections(reader).filter(pk=pk).first()
    if found is None:
        raise not_found()
    return found


def _recordable(actor: Member, asked: str) -> Organization:
    """The organisation that was chosen; without a choice the one the actor leads, their branch first."""
    offered = access.recordable(actor)
    if asked:
        number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 19 else 0
        found = offered.filter(pk=number).first()
    else:
        own = tree_access.standing(actor)
        led = own.secretary_of or next(iter(own.led), None)
        found = offered.filter(pk=led.pk).first() if led else None
    if found is None:
        raise not_found()
    return found


def _first(organization: Organization, rules: Book) -> dict[str, Any]:
    """What the register knows before anything is filled in."""
    today = timezone.localdate()
    full = queries.full_members(organization, today)
    due: Any = rules.rule("founding.committee_due", on=today).value
    return {"eligible": full, "committee": "yes" if full is None or full >= due else "no"}


def _back(reader: Member) -> str:
    return reverse("officer-terms" if tree_access.standing(reader).is_officer else "terms")


def _put(form: Any, problem: Problem) -> None:
    """Show a service's refusal beside the field it names, or above the form."""
    if problem.status not in {409, 422}:
        raise problem
    for error in problem.errors:
        field = error.pointer.split("/")[1]
        form.add_error(field if field in form.fields else None, error.detail)
    if not problem.errors:
        form.add_error(None, problem.detail)
