"""The page of a member's record."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dangjian.api.problems import not_found
from dangjian.organizations import access, member_record, queries
from dangjian.organizations.models import Member


@never_cache
@require_safe
def record(request: HttpRequest, pk: int) -> HttpResponse:
    """To the person, the secretary of the branch and its officers; of who has left to these alone."""
    reader: Member | None = request.member  # type: ignore[attr-defined]
    if reader is None:
        raise not_found()
    shown = seen_by(reader, pk)
    own = access.standing(reader)
    context = {
        "heading": _("党员档案"),
        "shown": shown,
        "record": member_record.of(shown),
        "departure": queries.departure(shown),
        "frame": "organizations/desk.html" if own.is_officer else "organizations/transfers/frame.html",
        "back": "/me/" if shown == reader else "/branch/members/",
    }
    return render(request, "organizations/member_record.html", context)


def seen_by(reader: Member, pk: int) -> Member:
    """
    Raises:
        Problem: 404.
    """
    shown = Member.ever.select_related("user", "branch").filter(pk=pk).first()
    if shown is None or not member_record.may_see(reader, shown):
        raise not_found()
    return shown
