"""The figures of posts that the centre sees: how much is going on, never a mark for anybody."""

from __future__ import annotations

from django.db.models import Q, Sum
from django.utils.translation import gettext_noop as _

from dangjian.interaction.models import PostCounter
from tenants.rollups import Metric, register

_THERE = Q(post__deleted_at=None, post__hidden_at=None)


def register_all() -> None:
    # The same sums as over the feed of somebody who may read everything.
    register(Metric("posts", _("动态数"), lambda: PostCounter.objects.filter(_THERE).count()))
    register(Metric("comments", _("评论数"), lambda: _sum("comments")))
    register(Metric("likes", _("点赞数"), lambda: _sum("likes")))
    register(Metric("views", _("浏览数"), lambda: _sum("views")))


def _sum(column: str) -> int:
    return PostCounter.objects.filter(_THERE).aggregate(total=Sum(column))["total"] or 0
