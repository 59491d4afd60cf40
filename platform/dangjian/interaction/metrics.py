"""The figures of posts that the centre sees: how much is going on, never a mark for anybody.

Likes and views are not among them: a table that puts districts side by side turns whatever it shows into a score,
and the measures against formalism at the fingertips forbid that one.
"""

from __future__ import annotations

from django.db.models import Q, Sum
from django.utils.translation import gettext_noop as _

from dangjian.interaction.models import PostCounter
from tenants.rollups import Metric, register

_THERE = Q(post__deleted_at=None, post__hidden_at=None)


def register_all() -> None:
    # The same as over the feed of somebody who may read everything.
    register(Metric("posts", _("动态数"), lambda: PostCounter.objects.filter(_THERE).count()))
    register(Metric("comments", _("评论数"), _comments))


def _comments() -> int:
    return PostCounter.objects.filter(_THERE).aggregate(total=Sum("comments"))["total"] or 0
