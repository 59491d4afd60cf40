"""That somebody opened a post: remembered in Valkey while pages are served, written in bulk by a job.

A view is a member of a set, taken out after the commit that wrote it: nothing is lost or counted twice, whoever
dies in between and however many write at once. Without Valkey a view is written at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from functools import partial
from typing import Final

import redis

from dangjian.api import valkey
from dangjian.api.database import cursor
from dangjian.interaction.models import Post
from dangjian.interaction.services import touch_counts
from dangjian.organizations.models import Member
from realtime import outbox

BATCH: Final = 1000
Seen = tuple[int, int]  # (post id, member id)


def add(*, post: Post, member: Member) -> None:
    """Note that the member opened the post; only the first time counts."""

    def question(client: redis.Redis) -> None:
        client.sadd(_key(), f"{post.pk}:{member.pk}")

    try:
        valkey.ask(question)
    except valkey.Unreachable:
        write([(post.pk, member.pk)])


def flush() -> int:
    """Write what is waiting in the open district; returns how many views were new. Repeating it is harmless."""
    new = 0
    try:
        while waiting := valkey.ask(_peek):
            new += write([_parsed(entry) for entry in waiting])
            valkey.ask(partial(_remove, waiting))
    except valkey.Unreachable:
        pass  # what waits there is found when it is back
    return new


def write(seen: Collection[Seen]) -> int:
    """Write these views and count the new ones; returns how many were new."""
    with outbox.atomic():
        posts = {each.pk: each for each in Post.objects.filter(pk__in={post for post, _ in seen})}
        members = set(Member.ever.filter(pk__in={member for _, member in seen}).values_list("pk", flat=True))
        # Sorted: two that write at once wait for each other in the same order.
        known = sorted((post, member) for post, member in set(seen) if post in posts and member in members)
        if not known:
            return 0
        added = _insert(known)
        _count(added)
        for pk in added:
            touch_counts(posts[pk])
        return added.total()


def _insert(seen: list[Seen]) -> Counter[int]:
    with cursor() as statement:
        statement.execute(
            "INSERT INTO interaction_view (post_id, member_id) SELECT * FROM unnest(%s::bigint[], %s::bigint[])"
            " ON CONFLICT (post_id, member_id) DO NOTHING RETURNING post_id",
            [[post for post, _ in seen], [member for _, member in seen]],
        )
        return Counter(post_id for (post_id,) in statement.fetchall())


def _count(added: Counter[int]) -> None:
    if not added:
        return
    with cursor() as statement:
        statement.execute(
            "SELECT post_id FROM interaction_postcounter WHERE post_id = ANY(%s) ORDER BY post_id FOR UPDATE",
            [sorted(added)],
        )
        statement.execute(
            "UPDATE interaction_postcounter AS n SET views = n.views + new.views, changed_at = clock_timestamp()"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS new (post_id, views) WHERE n.post_id = new.post_id",
            [list(added), list(added.values())],
        )


def _peek(client: redis.Redis) -> list[bytes]:
    return client.srandmember(_key(), BATCH)  # type: ignore[return-value]


def _remove(entries: list[bytes], client: redis.Redis) -> None:
    client.srem(_key(), *entries)


def _parsed(entry: bytes) -> Seen:
    post, _, member = entry.decode().partition(":")
    return int(post), int(member)


def _key() -> str:
    return valkey.key("views")
