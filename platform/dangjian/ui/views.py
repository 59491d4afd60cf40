"""Pages that belong to no module: refused forms."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page for a form whose token no longer fits; what was written stays in the browser's draft."""
    return render(request, "ui/csrf_failure.html", status=403)
