"""我的支部: who is in it, and how those who have never signed in get in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dangjian.api.problems import not_found
from dangjian.organizations import access, member_list, queries, services
from dangjian.organizations.corrections.services import settleable
from dangjian.organizations.dues.access import kept_by
from dangjian.organizations.models import Member
from dangjian.organizations.views import (
    member_list_look_up,
    member_list_page,
    member_list_table,
    member_list_views,
)

# Each password is hashed on purpose slowly: so many still come within a request's time.
PASSWORDS_A_SHEET = 20


@never_cache
@require_safe
def branch(request: HttpRequest) -> HttpResponse:
    """Names and posts to every member of the branch; state and masked telephone to its secretary."""
    reader = _reader(request)
    led = access.is_secretary_of(reader, reader.branch)
    people = queries.of_branch(reader.branch)
    context = {
        "heading": _("我的支部"),
        "branch": reader.branch,
        "path": access.standing(reader).path[:-1],
        "people": people,
        "led": led,
        "grouped": any(each.group_name for each in people),  # type: ignore[attr-defined]
        "arranges": access.may_arrange_groups(reader, reader.branch),
        "keeps_dues": kept_by(reader) is not None,
        "waiting": [each for each in people if _waits(each)] if led else [],
        "corrections": settleable(reader).count() if led else 0,
    }
    return render(request, "organizations/branch.html", context)


@never_cache
@require_safe
def members(request: HttpRequest) -> HttpResponse:
    """The secretary's list: the branch under the filters of the officer's."""
    return member_list_page(request, member_list.secretarys(_reader(request)))


@never_cache
@require_safe
def workbook(request: HttpRequest) -> HttpResponse:
    return member_list_table(request, member_list.secretarys(_reader(request)))


@never_cache
@require_POST
def views(request: HttpRequest) -> HttpResponse:
    return member_list_views(request, member_list.secretarys(_reader(request)))


@never_cache
@require_POST
def look_up(request: HttpRequest) -> HttpResponse:
    return member_list_look_up(request, member_list.secretarys(_reader(request)))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def help_sheet(request: HttpRequest) -> HttpResponse:
    """Slips to print for those who have never signed in; posted with ``member`` ids, with a one-time password each."""
    secretary = _reader(request)
    if not access.is_secretary_of(secretary, secretary.branch):
        raise not_found()
    waiting = [each for each in queries.of_branch(secretary.branch) if _waits(each)]
    helped = set(access.helpable_members(secretary).values_list("pk", flat=True))
    passwords: dict[int, str] = {}
    problem, status = "", 200
    if request.method == "POST":
        wanted = set(request.POST.getlist("member"))
        chosen = [each for each in waiting if each.pk in helped and str(each.pk) in wanted]
        if not chosen:
            problem, status = _("请至少选一个人。"), 422
        elif len(chosen) > PASSWORDS_A_SHEET:
            most = {"most": PASSWORDS_A_SHEET}
            problem, status = _("一次最多给 %(most)s 个人生成，请分几次。") % most, 422
        else:
            passwords = {each.pk: services.help_in(secretary=secretary, member=each) for each in chosen}
    context = {
        "heading": _("登录帮助单"),
        "branch": secretary.branch,
        "secretary": secretary,
        "slips": [
            (each, passwords.get(each.pk)) for each in waiting if not passwords or each.pk in passwords
        ],
        "helped": helped,
        "with_passwords": bool(passwords),
        "most": PASSWORDS_A_SHEET,
        "problem": problem,
        "address": f"{request.scheme}://{request.get_host()}/",
    }
    return render(request, "organizations/help_sheet.html", context, status=status)


def _reader(request: HttpRequest) -> Member:
    reader: Member | None = request.member  # type: ignore[attr-defined]
    if reader is None:
        raise not_found()
    return reader


def _waits(member: Member) -> bool:
    return member.user.is_active and member.user.first_signed_in_at is None
