"""The live topics of posts: the feeds, each post, and what is for one person alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Count, Q

from dangjian.api.database import cursor
from dangjian.interaction import access
from dangjian.interaction.models import Post, PostCounter
from dangjian.organizations.models import Member, Organization
from realtime.topics import Ident, TopicKind, register


def register_all() -> None:
    register(
        TopicKind(
            name="feed",
            bare=True,
            may_join=lambda person, ident: bool(_feed_readers([person], ident)),
            who_may_join=_feed_readers,
            gauges=_counts,
            gauge_group="posts",
            touched=_touched,
        )
    )
    register(
        TopicKind(
            name="post",
            may_join=lambda person, ident: bool(_post_readers([person], ident)),
            who_may_join=_post_readers,
            gauges=_counts,
            presence=True,
        )
    )
    register(TopicKind(name="me", personal=True, may_join=_is_oneself, gauges=_unread))


def _feed_readers(persons: Collection[int], ident: Ident) -> set[int]:
    """The members among `persons`; of an organisation's feed those whose own path upward it lies on."""
    members = Member.objects.filter(user__in=persons)
    if ident is not None:
        path = Organization.objects.filter(pk=ident).values_list("path", flat=True).first()
        if path is None:
            return set()
        members = members.filter(branch__path__startswith=path)
    return set(members.values_list("user_id", flat=True))


def _post_readers(persons: Collection[int], ident: Ident) -> set[int]:
    """Those of `persons` who may read the post; nobody, once it is gone."""
    if ident is None:
        return set()
    post = Post.objects.select_related("audience").filter(pk=ident, deleted_at=None, hidden_at=None).first()
    if post is None:
        return set()
    members = Member.objects.select_related("branch").filter(user__in=persons)
    return {member.user_id for member in members if access.sees(member, post)}


def _is_oneself(person: int, ident: Ident) -> bool:
    return person == ident


def _counts(posts: Collection[int]) -> dict[int, Any]:
    rows = PostCounter.objects.filter(post__in=posts).values_list("post_id", "likes", "comments", "views")
    return {
        post_id: {"likes": likes, "comments": comments, "views": views}
        for post_id, likes, comments, views in rows
    }


def _touched(idents: Collection[Ident], seconds: int) -> Mapping[Ident, Collection[int]]:
    changed: dict[Ident, list[int]] = defaultdict(list)
    with cursor() as statement:
        statement.execute(
            "SELECT CASE WHEN p.visibility = 'district' THEN NULL ELSE p.audience_id END, p.id"
            " FROM interaction_postcounter n JOIN interaction_post p ON p.id = n.post_id"
            " WHERE n.changed_at > now() - make_interval(secs => %s)"
            " AND p.deleted_at IS NULL AND p.hidden_at IS NULL",
            [seconds],
        )
        for ident, post_id in statement.fetchall():
            if ident in idents:
                changed[ident].append(post_id)
    return changed


def _unread(persons: Collection[int]) -> dict[int, Any]:
    rows = (
        Member.objects.filter(user__in=persons)
        .annotate(unread=Count("reply_notices", filter=Q(reply_notices__read_at=None)))
        .values_list("user_id", "unread")
    )
    return {user_id: {"unread": unread} for user_id, unread in rows}
