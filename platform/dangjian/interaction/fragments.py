"""Rendered pieces of the feed that every reader sees alike, kept between requests.

A card has two: the body, good for a version of the post, its author's and its branch's; and the talk below it, good
for one state of its comments and the names in them. Counts, `liked`, tokens and relative times differ from reader to
reader or from moment to moment: the body holds slots for them, which `fill` fills in after.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.core.cache import cache
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from dangjian.interaction import queries
from dangjian.interaction.rows import PostRow

Render = Callable[[PostRow], str]
# PostgreSQL's text holds no NUL, so nothing that people write can look like a slot.
_SLOT = re.compile("\x00([a-z_]+)\x00")


@dataclass(frozen=True, slots=True)
class Card:
    """A post with its two rendered pieces; `talk` is empty for a post without comments."""

    post: PostRow
    body: SafeString
    talk: SafeString


def slots(*names: str) -> dict[str, SafeString]:
    """Marks to render in place of values that are not every reader's."""
    return {name: mark_safe(f"\x00{name}\x00") for name in names}


def fill(html: str, values: Mapping[str, str]) -> SafeString:
    """`html` with each slot replaced by its value; values are HTML already.

    Raises:
        KeyError: a slot has no value.
    """
    return mark_safe(_SLOT.sub(lambda slot: values[slot[1]], html))


def render_cards(
    posts: Sequence[PostRow], render_body: Render, render_talk: Render, *, branch_id: int = 0
) -> list[Card]:
    """A card for each post, rendering only what is not kept.

    `render_body` is called with the photos attached, `render_talk` with the talk (the three newest comments); each
    returns HTML that is the same for every reader in the present language; bodies differ between readers of the post's
    own branch (`branch_id`) and the others. One round trip to the cache to read, one
    more to write when something was missing; one statement for the photos and one for the talk of those missing.
    """
    bodies = {_body_key(post, branch_id): post for post in posts}
    talks = {_talk_key(post): post for post in posts if post.comment_count}
    kept = cache.get_many([*bodies, *talks])
    fresh: dict[str, str] = {}
    missing = [post for key, post in bodies.items() if key not in kept]
    queries.attach_photos(missing)
    fresh |= {_body_key(post, branch_id): render_body(post) for post in missing}
    missing = [post for key, post in talks.items() if key not in kept]
    queries.attach_talk(missing)
    fresh |= {_talk_key(post): render_talk(post) for post in missing}
    if fresh:
        cache.set_many({key: str(html) for key, html in fresh.items()})
    html = kept | fresh
    return [
        Card(post, mark_safe(html[_body_key(post, branch_id)]), mark_safe(html.get(_talk_key(post), "")))
        for post in posts
    ]


def _body_key(post: PostRow, branch_id: int) -> str:
    versions = f"{post.version}.{post.author_version}.{post.branch_version}"
    return f"post.body:{post.id}:{versions}:{int(post.branch_id == branch_id)}:{get_language()}"


def _talk_key(post: PostRow) -> str:
    return f"post.talk:{post.id}:{post.talk_version}.{post.talkers_version}:{get_language()}"
