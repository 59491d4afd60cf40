"""The page to go on to after signing in."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

HOME = "/"


def target_of(request: HttpRequest) -> str:
    """`next` of the form or the address, if it is a path within this host; the home page otherwise."""
    target = request.POST.get("next") or request.GET.get("next") or HOME
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe else HOME
