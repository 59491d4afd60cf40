"""Who keeps a branch's dues, and who sees a member's."""

from __future__ import annotations

from typing import Final

from dangjian.organizations.access import SECRETARIES, is_officer, standing
from dangjian.organizations.models import Member, Organization, Post

KEEPERS: Final = SECRETARIES | {Post.ORGANIZATION}


def keeps(actor: Member, branch: Organization) -> bool:
    """The secretaries and the member for organisation of that very branch, and an officer over it."""
    own = standing(actor)
    held = any(post.post in KEEPERS and post.organization.pk == branch.pk for post in own.posts)
    return (held and own.branch.pk == branch.pk) or bool(is_officer(actor, branch))


def kept_by(actor: Member) -> Organization | None:
    """The actor's own branch, if they keep its dues by a post in it."""
    own = standing(actor)
    held = any(post.post in KEEPERS and post.organization.pk == own.branch.pk for post in own.posts)
    return own.branch if held else None
