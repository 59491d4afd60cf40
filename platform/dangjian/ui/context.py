"""What every template is given."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def page(request: HttpRequest) -> dict[str, Any]:
    """`district`: the host's district; `user`, `member`: who reads (`member` None without one)."""
    return {
        "district": getattr(request, "district", None),
        "user": getattr(request, "user", None),
        "member": getattr(request, "member", None),
    }
