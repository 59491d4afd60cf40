"""The officer's pages of the tree: the outline of a day, one organisation, and the acts that change it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from dangjian.api.problems import Problem, not_found
from dangjian.audit import actions as audit_actions
from dangjian.audit.models import AuditRow
from dangjian.organizations import access
from dangjian.organizations.asked import day_of
from dangjian.organizations.models import Member, Organization, Post, PostHeld
from dangjian.organizations.tree import acts, reading, words
from dangjian.organizations.tree.acts import ActKind
from dangjian.organizations.views import officer_of
from dangjian.rules.book import book

_CHANGED, _REFUSED = 409, 422


@never_cache
@require_safe
def outline(request: HttpRequest) -> HttpResponse:
    """The tree of a day; filtered, a list of what was asked for."""
    officer = officer_of(request)
    day, fault = day_of(request.GET.get("as_of", ""))
    warning, text = request.GET.get("warning", ""), request.GET.get("q", "").strip()[:50]
    if warning not in {"", "any", *reading.WARNINGS}:
        warning = ""
    found = reading.outline(officer, day=day, book=_book(request))
    listed = None
    if warning or text:
        entries = (
            found.with_warning("" if warning == "any" else warning) if warning else found.entries.values()
        )
        listed = [entry for entry in entries if text in entry.node.name or text in entry.node.short_name]
    context = {
        "heading": _("组织架构"),
        "outline": found,
        "day": day,
        "is_today": day == timezone.localdate(),
        "today": timezone.localdate(),
        "fault": fault,
        "q": text,
        "warning": warning,
        "listed": listed,
        "chips": _chips(request, found, warning),
        "dated": "" if day == timezone.localdate() else f"?as_of={day.isoformat()}",
    }
    return render(request, "organizations/tree/outline.html", context, status=_REFUSED if fault else 200)


@never_cache
@require_safe
def organization(request: HttpRequest, pk: int) -> HttpResponse:
    """An organisation as it stands: particulars, what to look after, who leads it, what became of it."""
    officer = officer_of(request)
    shown = _held(officer, pk)
    entry = reading.outline(officer, day=timezone.localdate(), book=_book(request)).entries.get(shown.pk)
    periods = list(shown.periods.select_related("parent").order_by("-since", "-id"))
    audited = AuditRow.objects.filter(object_kind="organization", object_id=shown.pk).order_by("-at", "-id")
    context = {
        "heading": str(shown),
        "shown": shown,
        "entry": entry,
        "begun": periods[-1].since if periods else None,
        "posts": sorted(
            PostHeld.objects.select_related("member").filter(organization=shown).order_by("since", "id"),
            key=lambda held: Post.values.index(held.post),
        ),
        "earlier_posts": PostHeld.ever.select_related("member")
        .filter(organization=shown, until__isnull=False)
        .order_by("-until", "-id")[:10],
        "history": words.history(shown, periods, _ended(audited, shown)),
        "acts": acts.offered(shown),
        "recorded": [(row, audit_actions.label(row.action)) for row in audited[:10]],
    }
    return render(request, "organizations/tree/organization.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """An act as a form; posted, what it would do; confirmed, done."""
    officer = officer_of(request)
    shown = _held(officer, pk)
    kind = acts.offered(shown).get(key)
    if kind is None:
        raise Http404
    organizations = access.managed_organizations(officer)
    form = kind.form(request.POST or None, organization=shown, organizations=organizations)
    page = _ActPage(request, officer, shown, key, kind)
    if request.method != "POST" or "edit" in request.POST:
        return page.filled_in(form)
    if not form.is_valid():
        return page.filled_in(form, status=_REFUSED)
    confirmed = "confirm" in request.POST
    try:
        told = [] if confirmed else acts.consequences(key, shown, form.cleaned_data)
        run = acts.perform if confirmed else acts.rehearse
        run(kind, actor=officer, organization=shown, given=form.cleaned_data)
    except Problem as problem:
        return page.refused(form, problem, organizations)
    if not confirmed:
        return page.preview(form, told)
    messages.success(request, str(kind.done))
    return HttpResponseRedirect(reverse("officer-organization", args=[shown.pk]))


class _ActPage:
    """The page of one act, in its three states."""

    def __init__(
        self, request: HttpRequest, officer: Member, shown: Organization, key: str, kind: ActKind
    ) -> None:
        self.request, self.officer, self.shown, self.kind = request, officer, shown, kind
        self.context: dict[str, Any] = {"heading": str(kind.label), "shown": shown, "key": key, "act": kind}

    def filled_in(self, form: Any, *, status: int = 200) -> HttpResponse:
        return render(
            self.request, "organizations/tree/act.html", self.context | {"form": form}, status=status
        )

    def preview(self, form: Any, told: list[tuple[str, str]]) -> HttpResponse:
        kept = [(name, value) for name in form.fields for value in self.request.POST.getlist(name)]
        reminder = acts.reminder(self.context["key"], self.shown, form.cleaned_data)
        context = {"form": form, "told": told, "kept": kept, "given": form.cleaned_data, "reminder": reminder}
        return render(self.request, "organizations/tree/preview.html", self.context | context)

    def refused(self, form: Any, problem: Problem, organizations: Any) -> HttpResponse:
        """The form with everything that was filled in, and why; after a change by somebody else, on the new state."""
        if problem.status == _CHANGED:
            now = _held(self.officer, self.shown.pk)
            data = self.request.POST.copy()
            data["version"] = str(now.version)
            form = self.kind.form(data, organization=now, organizations=organizations)
            form.add_error(None, problem.detail)
            self.context["shown"] = now
        elif problem.status == _REFUSED:
            for error in problem.errors:
                field = error.pointer.removeprefix("/")
                form.add_error(field if field in form.fields else None, error.detail)
        else:
            raise problem
        return self.filled_in(form, status=problem.status)


def _held(officer: Member, pk: int) -> Organization:
    """The organisation, which may be no more, if the officer looks after it.

    Raises:
        Problem: 404.
    """
    found = Organization.objects.filter(pk=pk).first()
    if found is None or not access.is_officer(officer, found):
        raise not_found()
    return found


def _ended(audited: QuerySet[AuditRow], shown: Organization) -> AuditRow | None:
    if shown.dissolved_on is None:
        return None
    return audited.filter(action__in=["organization.merge", "organization.dissolve"]).first()


def _book(request: HttpRequest) -> Any:
    return book(request.district.schema_name)  # type: ignore[attr-defined]


def _chips(request: HttpRequest, found: reading.Outline, chosen: str) -> list[dict[str, Any]]:
    counted = found.warned()
    kept = {name: request.GET[name] for name in ("as_of", "q") if request.GET.get(name)}
    options = [("", _("全部"), len(found.entries)), ("any", _("有提醒"), counted[""])]
    options += [
        (code, str(label), counted[code]) for code, label in reading.WARNINGS.items() if counted[code]
    ]
    return [
        {
            "url": "?" + urlencode(kept | ({"warning": key} if key else {})),
            "label": label,
            "count": count,
            "current": key == chosen,
        }
        for key, label, count in options
    ]
