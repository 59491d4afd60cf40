"""What every API view asks for unless it says otherwise."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class IsSignedIn(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        # None without a session: UNAUTHENTICATED_USER
        return getattr(request.user, "is_authenticated", False)
