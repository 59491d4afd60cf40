"""Reading members and organisations for pages, sockets and the API."""

from __future__ import annotations

from dangjian.organizations.models import Member


def member_of(user_id: int) -> Member | None:
    """The member whose account that is, with their branch, in one query; None for an account without one."""
    return Member.objects.select_related("branch").filter(user=user_id).first()
