"""名册导入 on the officer's desk: upload, map columns, look at the dry run, apply, undo."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dangjian.api.problems import Problem, not_found
from dangjian.organizations import sheets, tasks
from dangjian.organizations.imports import columns, judging, services
from dangjian.organizations.models import (
    Import,
    ImportKind,
    ImportState,
    Member,
    Organization,
    Outcome,
)
from dangjian.organizations.sealing import unseal_json
from dangjian.organizations.views import officer_of

ROWS_A_PAGE: Final = 100
_SHOWN: Final = {
    ImportKind.MEMBERS: ("name", "id_number", "branch", "joined_on"),
    ImportKind.ORGANIZATIONS: ("name", "kind", "parent", "founded_on"),
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: HttpRequest) -> HttpResponse:
    """What was imported, and the way to begin another one."""
    officer = officer_of(request)
    error, status = "", 200
    if request.method == "POST":
        try:
            made = services.begin(
                by=officer, kind=request.POST.get("kind", ""), file=request.FILES.get("file")
            )
        except Problem as problem:
            error, status = problem.detail, problem.status
        else:
            tasks.wake(made)
            return HttpResponseRedirect(reverse("officer-import", args=[made.pk]))
    context = {
        "heading": _("名册导入"),
        "error": error,
        "kinds": ImportKind.choices,
        "kind": request.POST.get("kind", ImportKind.MEMBERS),
        "recent": services.visible(officer).select_related("by").order_by("-created_at", "-id")[:20],
    }
    return render(request, "organizations/imports.html", context, status=status)


@never_cache
@require_safe
def roster(request: HttpRequest, pk: int) -> HttpResponse:
    """One import: how far it is, what would become of its rows, what became of them."""
    officer = officer_of(request)
    source = _import(officer, pk)
    counts = {outcome: source.counts.get(outcome, 0) for outcome in Outcome.values}
    chosen = request.GET.get("show", "")
    if chosen not in Outcome.values:
        chosen = Outcome.REFUSED if counts["refused"] else Outcome.NEW if counts["new"] else Outcome.CHANGED
    shown = _SHOWN[ImportKind(source.kind)]
    known = columns.BY_KIND[ImportKind(source.kind)]
    context = {
        "heading": _("名册导入"),
        "source": source,
        "counts": counts,
        "ready": counts["new"] + counts["changed"],
        "progress": services.progress(source),
        "working": source.state in {ImportState.READING, ImportState.APPLYING},
        "step": _step(source),
        "chips": [(value, label, counts[value], value == chosen) for value, label in Outcome.choices],
        "heads": [known[name].label for name in shown],
        "rows": _rows(source, chosen, shown),
        "more": max(0, counts[chosen] - ROWS_A_PAGE),
        "chosen": chosen,
        "mapped": [
            (name, each.label, each.required, source.mapping.get(name, "")) for name, each in known.items()
        ],
        "hours": services.UNDO_HOURS,
        "may_undo": services.may_undo(source),
    }
    return render(request, "organizations/import.html", context)


@never_cache
@require_POST
def map_columns(request: HttpRequest, pk: int) -> HttpResponse:
    officer = officer_of(request)
    source = _import(officer, pk)
    known = columns.BY_KIND[ImportKind(source.kind)]
    given = {name: request.POST.get(name, "") for name in known}
    return _done(
        request, source, lambda: services.map_columns(by=officer, source=source, mapping=given), wake=True
    )


@never_cache
@require_POST
def name_unit(request: HttpRequest, pk: int) -> HttpResponse:
    """``name`` in the file is meant to be ``organization``, in every row."""
    officer = officer_of(request)
    source = _import(officer, pk)
    chosen = request.POST.get("organization", "")
    organization = Organization.objects.filter(pk=chosen).first() if chosen.isdecimal() else None
    if organization is None:
        raise not_found()
    name = request.POST.get("name", "")[:120]
    return _done(
        request,
        source,
        lambda: services.name_unit(by=officer, source=source, name=name, organization=organization),
        wake=True,
    )


@never_cache
@require_POST
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    officer = officer_of(request)
    source = _import(officer, pk)
    return _done(request, source, lambda: services.apply(by=officer, source=source), wake=True)


@never_cache
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    officer = officer_of(request)
    source = _import(officer, pk)
    return _done(request, source, lambda: services.undo(by=officer, source=source), told=_("整批撤回了。"))


@never_cache
@require_safe
def to_correct(request: HttpRequest, pk: int) -> HttpResponse:
    """The refused rows as they stand in the file, with what is to be changed, to be corrected and sent again."""
    source = _import(officer_of(request), pk)
    known = columns.BY_KIND[ImportKind(source.kind)]
    names = [name for name in known if name in source.mapping]
    rows = [
        [
            *(unseal_json(row.cells)["cells"].get(name, "") for name in names),
            _("；").join(f"{each['message']}" for each in row.problems),
        ]
        for row in source.rows.filter(outcome=Outcome.REFUSED).order_by("number", "id")
    ]
    titles = [*(known[name].title for name in names), _("要改什么")]
    return sheets.answer(_("要改的行"), titles, rows)


@never_cache
@require_safe
def template(request: HttpRequest, kind: str) -> HttpResponse:
    """An empty table with the titles that are known."""
    officer_of(request)
    if kind not in ImportKind.values:
        raise not_found()
    titles = [each.title for each in columns.BY_KIND[ImportKind(kind)].values()]
    return sheets.answer(str(ImportKind(kind).label), titles, [])


# --- parts -----------------------------------------------------------------------------------------------------------


def _import(officer: Member, pk: int) -> Import:
    found: Import | None = services.visible(officer).select_related("by").filter(pk=pk).first()
    if found is None:
        raise not_found()
    return found


def _done(
    request: HttpRequest, source: Import, act: Any, *, wake: bool = False, told: str = ""
) -> HttpResponse:
    """Do it and go back to the import; what was refused is told there."""
    try:
        act()
    except Problem as problem:
        if problem.status not in {409, 422}:
            raise
        messages.error(request, problem.detail)
    else:
        if wake:
            tasks.wake(source)
        if told:
            messages.success(request, told)
    return HttpResponseRedirect(reverse("officer-import", args=[source.pk]))


def _step(source: Import) -> int:
    if source.state == ImportState.REFUSED:
        return 2 if (source.fault or {}).get("code") == "columns_missing" else 1
    if source.state in {ImportState.READING, ImportState.READY}:
        return 3
    return 4


def _rows(source: Import, outcome: str, shown: tuple[str, ...]) -> list[dict[str, Any]]:
    """The first rows of that outcome; a cell is its text and the severity of what is wrong with it."""
    found = []
    for row in source.rows.filter(outcome=outcome).order_by("number", "id")[:ROWS_A_PAGE]:
        cells = unseal_json(row.cells)["cells"]
        faulty = {each["field"] for each in row.problems}
        found.append(
            {
                "number": row.number,
                "cells": [
                    (judging.listed(name, cells.get(name), name in faulty), name in faulty) for name in shown
                ],
                "problems": [
                    each | {"label": _label(source, each["field"]) if each["field"] not in shown else ""}
                    for each in row.problems
                ],
                "unit": judging.listed("branch", cells.get("branch") or cells.get("parent"), True),
            }
        )
    return found


def _label(source: Import, name: str) -> str:
    known = columns.BY_KIND[ImportKind(source.kind)]
    return str(known[name].label) if name in known else ""
