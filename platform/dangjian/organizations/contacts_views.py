"""The contacts page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dangjian.api.problems import not_found
from dangjian.organizations import contacts
from dangjian.organizations.models import Member


@never_cache
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """The own branch; to an officer any of theirs (``branch``); with ``q`` whom the reader may see of that name."""
    reader: Member | None = request.member  # type: ignore[attr-defined]
    if reader is None:
        raise not_found()
    given = request.GET
    choices = list(contacts.branches(reader))
    branch = reader.branch
    if pk := given.get("branch", ""):
        found = next((each for each in [branch, *choices] if str(each.pk) == pk), None)
        if found is None:
            raise not_found()
        branch = found
    q = given.get("q", "").strip()[:50]
    context = {
        "heading": _("通讯录"),
        "branch": branch,
        "choices": choices,
        "q": q,
        "found": contacts.named(reader, q) if q else None,
        "letters": [] if q else contacts.of_branch(reader, branch),
        "most": contacts.FOUND_AT_MOST,
    }
    return render(request, "organizations/contacts.html", context)
