"""我的, and the places whose modules are still to come."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dangjian.api import paging
from dangjian.api.problems import forbidden
from dangjian.interaction import queries
from dangjian.interaction.cards import cards
from dangjian.interaction.views import for_members
from dangjian.organizations.access import standing
from dangjian.organizations.elections.queries import Notice
from dangjian.organizations.elections.queries import notice as terms_notice
from dangjian.organizations.models import Member, OfficeKind, Post
from dangjian.organizations.transfers import queries as transfers
from dangjian.rules.book import book


@never_cache
@require_safe
@for_members
def me(request: HttpRequest, member: Member) -> HttpResponse:
    own = standing(member)
    context = {
        "standing": own,
        "moderates": bool(own.paths_of(OfficeKind.OFFICER, OfficeKind.MODERATOR)),
        "posts_held": [Post(held.post).label for held in own.posts if held.organization == own.branch],
        "years": _full_years(member.joined_on) if member.joined_on else None,
        "counts": queries.own_counts(member),
        "transfer": transfers.latest_of(member),
        "terms": _terms(request, member) if own.led else None,
    }
    return render(request, "personal/me.html", context)


@never_cache
@require_safe
@for_members
def my_posts(request: HttpRequest, member: Member) -> HttpResponse:
    which = "page.me.posts"
    posts, key = queries.my_posts(member, after=paging.unseal(which, request.GET.get("cursor", "")))
    context = {"cards": cards(request, posts, member), "next": _next(request, which, key)}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "interaction/cards.html", context)
    return render(request, "personal/posts.html", context)


@never_cache
@require_safe
@for_members
def my_comments(request: HttpRequest, member: Member) -> HttpResponse:
    which = "page.me.comments"
    comments, key = queries.my_comments(member, after=paging.unseal(which, request.GET.get("cursor", "")))
    return _list(
        request, "personal/comments.html", {"comments": comments, "next": _next(request, which, key)}
    )


@never_cache
@require_safe
@for_members
def my_replies(request: HttpRequest, member: Member) -> HttpResponse:
    which = "page.me.replies"
    replies, key = queries.replies(member, after=paging.unseal(which, request.GET.get("cursor", "")))
    return _list(request, "personal/replies.html", {"replies": replies, "next": _next(request, which, key)})


@require_safe
@for_members
def news(request: HttpRequest, member: Member) -> HttpResponse:
    return render(request, "personal/place.html", {"place": "news"})


@require_safe
@for_members
def learning(request: HttpRequest, member: Member) -> HttpResponse:
    return render(request, "personal/place.html", {"place": "learning"})


@require_safe
@for_members
def management(request: HttpRequest, member: Member) -> HttpResponse:
    own = standing(member)
    context = {
        "place": "management",
        "standing": own,
        "terms": _terms(request, member),
        "moderates": bool(own.paths_of(OfficeKind.OFFICER, OfficeKind.MODERATOR)),
    }
    return render(request, "personal/place.html", context)


@require_safe
@for_members
def components(request: HttpRequest, member: Member) -> HttpResponse:
    """Every component in every state, for whoever builds or judges a page."""
    if not standing(member).is_officer:
        raise forbidden(_("这一页只有组织部管理员能看。"))
    return render(request, "ui/components.html")


def _terms(request: HttpRequest, member: Member) -> Notice | None:
    rules = book(request.district.schema_name)  # type: ignore[attr-defined]
    return terms_notice(member, day=timezone.localdate(), book=rules)


def _list(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        template = template.replace(".html", "_rows.html")
    return render(request, template, context)


def _next(request: HttpRequest, which: str, key: paging.Key | None) -> str | None:
    return paging.next_path(request, paging.seal(which, key) if key else None)


def _full_years(since: date) -> int:
    today = timezone.localdate()
    return today.year - since.year - ((today.month, today.day) < (since.month, since.day))
