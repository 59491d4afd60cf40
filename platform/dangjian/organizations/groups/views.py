"""党小组: the groups of a branch on a day, and the acts of whoever arranges them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from dangjian.api.problems import Problem, not_found
from dangjian.organizations import access, topics
from dangjian.organizations.asked import day_of
from dangjian.organizations.groups import forms, queries, services
from dangjian.organizations.groups.models import PartyGroup
from dangjian.organizations.groups.queries import Division
from dangjian.organizations.models import Member, Organization, OrganizationKind
from dangjian.rules.book import Book, book
from dangjian.rules.founding import group_remarks
from realtime import outbox

_METHODS: Final = ["GET", "HEAD", "POST"]


@never_cache
@require_safe
def overview(request: HttpRequest, pk: int) -> HttpResponse:
    """Names to everybody in the branch; to those who arrange it, what the rules would have looked after too."""
    reader, branch = _seen(request, pk)
    today = timezone.localdate()
    day, fault = day_of(request.GET.get("as_of", ""))
    arranges = access.may_arrange_groups(reader, branch)
    live = outbox.heads(topics.followed(reader))
    division = queries.division(branch, day=day)
    rules = _book(request)
    context = {
        "heading": _("党小组"),
        "back": _back(reader, branch),
        "branch": branch,
        "division": division,
        "groups": [
            (group, group_remarks(rules, group.composition, on=day) if arranges else [])
            for group in division.groups
        ],
        "arranges": arranges and day == today and branch.dissolved_on is None,
        "counts": arranges,
        "rule": rules.nearest("founding.group_leader", on=day),
        "day": day,
        "today": today,
        "is_today": day == today,
        "fault": fault,
        "live": live,
    }
    return render(request, "organizations/groups/overview.html", context, status=422 if fault else 200)


@never_cache
@require_http_methods(_METHODS)
def new(request: HttpRequest, pk: int) -> HttpResponse:
    actor, branch = _arranged(request, pk)
    page = _ActPage(request, branch, _("划分党小组"), forms.NewGroupForm)

    def run(act: services.Act, given: dict[str, Any]) -> None:
        services.form(act, **given)

    return page.answer(actor, run, done=_("党小组已经划分。"))


@never_cache
@require_http_methods(_METHODS)
def arrange(request: HttpRequest, pk: int) -> HttpResponse:
    """Everybody's group and every group's leader, on one screen."""
    actor, branch = _arranged(request, pk)
    page = _ActPage(
        request, branch, _("调整编组"), forms.ArrangeForm, template="organizations/groups/arrange.html"
    )

    def run(act: services.Act, given: dict[str, Any]) -> None:
        services.arrange(act, **page.form.arranged())

    return page.answer(actor, run, done=_("编组已经调整。"))


@never_cache
@require_http_methods(_METHODS)
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    actor, group = _group(request, pk)
    page = _ActPage(
        request, group.branch, _("%(group)s更名") % {"group": group}, forms.RenameGroupForm,
        initial={"name": group.name},
    )  # fmt: skip

    def run(act: services.Act, given: dict[str, Any]) -> None:
        services.rename(act, group=group, **given)

    return page.answer(actor, run, done=_("名称已经更改。"))


@never_cache
@require_http_methods(_METHODS)
def dissolve(request: HttpRequest, pk: int) -> HttpResponse:
    actor, group = _group(request, pk)
    page = _ActPage(
        request, group.branch, _("撤销%(group)s") % {"group": group}, forms.DissolveGroupForm, leaving=group.pk
    )  # fmt: skip

    def run(act: services.Act, given: dict[str, Any]) -> None:
        into = given["into"]
        services.dissolve(
            act, group=group, into=PartyGroup.objects.get(pk=into) if into is not None else None
        )

    return page.answer(actor, run, done=_("党小组已经撤销，记录保留。"), danger=True)


Run = Callable[[services.Act, dict[str, Any]], None]


class _ActPage:
    """A form for one act; what was refused is told beside what was filled in."""

    def __init__(
        self,
        request: HttpRequest,
        branch: Organization,
        heading: str,
        shape: type[forms.ActForm],
        *,
        template: str = "organizations/groups/act.html",
        **options: Any,
    ) -> None:
        self.request, self.branch, self.heading, self.template = request, branch, heading, template
        self.shape, self.options = shape, options
        self.division = self._today()
        self.form = self._form(request.POST if request.method == "POST" else None)

    def answer(self, actor: Member, run: Run, *, done: str, danger: bool = False) -> HttpResponse:
        status = 200
        if self.request.method == "POST":
            status = 422
            if self.form.is_valid():
                try:
                    with_act = dict(self.form.cleaned_data)
                    told = {name: with_act.pop(name) for name in ("version", "on", "reason", "document")}
                    run(services.Act(actor=actor, branch=self.branch, **told), with_act)
                except Problem as problem:
                    status = self._refused(problem)
                else:
                    messages.success(self.request, done)
                    return HttpResponseRedirect(reverse("party-groups", args=[self.branch.pk]))
            elif self.form.cleaned_data.get("version") != self.division.version:
                # What is wrong may be so because of what has changed, and stand at fields nobody touched.
                status = self._refused(services.changed_meanwhile(self.branch))
        context = {
            "heading": self.heading,
            "back": reverse("party-groups", args=[self.branch.pk]),
            "branch": self.branch,
            "form": self.form,
            "danger": danger,
        }
        return render(self.request, self.template, context, status=status)

    def _today(self) -> Division:
        return queries.division(self.branch, day=timezone.localdate())

    def _form(self, data: Any) -> Any:
        return self.shape(data, division=self.division, **self.options)

    def _refused(self, problem: Problem) -> int:
        if problem.status not in {409, 422}:
            raise problem
        if problem.status == 409:
            # What was filled in stays; the version is the present one, so that saving again is a decision.
            self.division, data = self._today(), self.request.POST.copy()
            data["version"] = str(self.division.version)
            self._form(data).renew(data)
            self.form = self._form(data)
            self.form.is_valid()
        for error in problem.errors:
            name = error.pointer.strip("/").replace("leaders/", "leader_")
            known = name in self.form.fields
            self.form.add_error(name if known else None, error.detail)
            if known:
                self.form.mark(name)
        if not problem.errors:
            self.form.add_error(None, problem.detail)
        return problem.status


# --- parts -----------------------------------------------------------------------------------------------------------


def _seen(request: HttpRequest, pk: int) -> tuple[Member, Organization]:
    reader: Member | None = request.member  # type: ignore[attr-defined]
    branch = Organization.objects.filter(pk=pk, kind=OrganizationKind.BRANCH).first()
    if reader is None or branch is None or not access.may_see_groups(reader, branch):
        raise not_found()
    return reader, branch


def _arranged(request: HttpRequest, pk: int) -> tuple[Member, Organization]:
    reader, branch = _seen(request, pk)
    if not access.may_arrange_groups(reader, branch) or branch.dissolved_on is not None:
        raise not_found()
    return reader, branch


def _group(request: HttpRequest, pk: int) -> tuple[Member, PartyGroup]:
    group = PartyGroup.objects.select_related("branch").filter(pk=pk, dissolved_on=None).first()
    if group is None:
        raise not_found()
    reader, group.branch = _arranged(request, group.branch_id)
    return reader, group


def _back(reader: Member, branch: Organization) -> str:
    if reader.branch_id != branch.pk:
        return reverse("officer-organization", args=[branch.pk])
    return reverse("branch")


def _book(request: HttpRequest) -> Book:
    return book(request.district.schema_name)  # type: ignore[attr-defined]
