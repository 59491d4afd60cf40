"""Read models: the feed, a thread, one's own posts, comments and replies, what waits for the moderators.

Heads of live topics are always read before the rows they belong to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from dangjian.api.database import cursor
from dangjian.api.paging import PAGE_SIZE, Key
from dangjian.interaction import access
from dangjian.interaction.models import Post, ReplyNotice, Report
from dangjian.interaction.rows import CommentRow, PhotoRow, PostRow
from dangjian.organizations.access import standing
from dangjian.organizations.models import Member, OfficeKind
from realtime import outbox

TALK_SIZE: Final = 3
SCOPES: Final = ("district", "branch")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Live = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class FeedPage:
    """posts: newest first, photos and talk not attached. next: the key for `paging.seal`, None after the last page.
    live: where the topics of the feed stood before."""

    posts: list[PostRow]
    next: Key | None
    live: Live


@dataclass(frozen=True, slots=True)
class Thread:
    """comments: oldest first, with the lines of deleted and hidden ones. next, live: as in `FeedPage`."""

    comments: list[CommentRow]
    next: Key | None
    live: Live


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """A comment that answers the reader, and the start of the post it stands below."""

    id: int
    comment: CommentRow
    post_text: str
    is_read: bool


# --- topics --------------------------------------------------------------------------------------------------------


def feed_topics(member: Member) -> list[str]:
    """The feed topics the member joins: the district's, and one for each organisation on the own path upward."""
    return ["feed", *(f"feed:{pk}" for pk in standing(member).path_ids)]


# --- posts ---------------------------------------------------------------------------------------------------------

_POST: Final = """
SELECT p.id, p.kind, p.text, p.visibility, p.audience_id, p.author_id, m.name, m.version,
       p.branch_id, coalesce(nullif(b.short_name, ''), b.name), b.name, b.version, b.path,
       p.created_at, p.edited_at, p.version, h.name, p.hidden_reason,
       n.comments, n.likes, n.views, n.talk_version,
       (SELECT coalesce(sum(tm.version + coalesce(trm.version, 0)), 0)
          FROM (SELECT c.author_id, c.reply_to_id FROM interaction_comment c
                 WHERE c.post_id = p.id AND c.deleted_at IS NULL AND c.hidden_at IS NULL
                 ORDER BY c.created_at DESC, c.id DESC LIMIT {talk}) t
          JOIN organizations_member tm ON tm.id = t.author_id
          LEFT JOIN interaction_comment tr ON tr.id = t.reply_to_id
          LEFT JOIN organizations_member trm ON trm.id = tr.author_id),
       EXISTS (SELECT 1 FROM interaction_like l WHERE l.post_id = p.id AND l.member_id = %s),
       ARRAY (SELECT lm.name FROM interaction_like l JOIN organizations_member lm ON lm.id = l.member_id
              WHERE l.post_id = p.id ORDER BY l.created_at DESC, l.id DESC LIMIT 3)
  FROM (SELECT p.* FROM interaction_post p WHERE {where} ORDER BY p.created_at DESC, p.id DESC LIMIT %s) p
  JOIN organizations_member m ON m.id = p.author_id
  JOIN organizations_organization b ON b.id = p.branch_id
  JOIN interaction_postcounter n ON n.post_id = p.id
  LEFT JOIN organizations_member h ON h.id = p.hidden_by_id
 ORDER BY p.created_at DESC, p.id DESC
"""


def feed(member: Member, *, scope: str = "district", kind: str = "", after: Key | None = None) -> FeedPage:
    """A page of the posts the member may read, newest first. Two statements and the member's standing.

    scope: ``district`` for everything, ``branch`` for the own branch's. kind: a `PostKind`, empty for both.
    after: the `next` of the page before.
    """
    live = outbox.heads(feed_topics(member))
    conditions, values = _visible(member)
    if scope == "branch":
        conditions.append("p.branch_id = %s")
        values.append(member.branch_id)
    if kind:
        conditions.append("p.kind = %s")
        values.append(kind)
    rows = _posts(member.pk, conditions, values, after, PAGE_SIZE + 1)
    return FeedPage(*_page(rows), live)


def some(member: Member, ids: Sequence[int]) -> list[PostRow]:
    """Those of these posts the member may read, newest first; photos and talk not attached."""
    conditions, values = _visible(member)
    return _posts(member.pk, [*conditions, "p.id = ANY(%s)"], [*values, list(ids)], None, PAGE_SIZE)


def my_posts(member: Member, *, after: Key | None = None) -> tuple[list[PostRow], Key | None]:
    """The member's own posts, newest first, hidden ones too (`hidden_by`, `hidden_reason`).

    Photos and talk are not attached.
    """
    conditions = ["p.author_id = %s", "p.deleted_at IS NULL"]
    return _page(_posts(member.pk, conditions, [member.pk], after, PAGE_SIZE + 1))


def own_counts(member: Member) -> dict[str, int]:
    """How many posts and comments of the member's own there are: ``{"posts": …, "comments": …}``."""
    with cursor() as statement:
        statement.execute(
            "SELECT (SELECT count(*) FROM interaction_post WHERE author_id = %s AND deleted_at IS NULL),"
            " (SELECT count(*) FROM interaction_comment WHERE author_id = %s AND deleted_at IS NULL)",
            [member.pk, member.pk],
        )
        posts, comments = statement.fetchone()
    return {"posts": posts, "comments": comments}


def post(pk: int, *, reader_id: int | None = None) -> PostRow:
    """One post with its photos, whoever may see it: ask `access.readable_post` first.

    Raises:
        LookupError: there is none.
    """
    rows = _posts(reader_id, ["p.id = %s"], [pk], None, 1)
    if not rows:
        raise LookupError(pk)
    attach_photos(rows)
    return rows[0]


def attach_photos(posts: Iterable[PostRow]) -> None:
    """Put the photos to the posts; one statement, none without posts."""
    by_id = {row.id: row for row in posts}
    if not by_id:
        return
    with cursor() as statement:
        statement.execute(
            "SELECT post_id, id, width, height FROM interaction_photo WHERE post_id = ANY(%s)"
            " ORDER BY post_id, position, id",
            [list(by_id)],
        )
        for post_id, *photo in statement.fetchall():
            by_id[post_id].photos.append(PhotoRow(*photo))


def attach_talk(posts: Iterable[PostRow]) -> None:
    """Put the three newest comments to each post; one statement, none when none has any."""
    by_id = {row.id: row for row in posts if row.comment_count}
    if not by_id:
        return
    for row in _comments(_NEWEST, [list(by_id), TALK_SIZE]):
        by_id[row.post_id].talk.append(row)


def _visible(member: Member) -> tuple[list[str], list[Any]]:
    """`access.visible_posts` as conditions and their values."""
    own = standing(member)
    seen = ["p.audience_id = ANY(%s)", "p.author_id = %s"]
    values: list[Any] = [list(own.path_ids), member.pk]
    if own.covered_paths:
        seen.append(
            "p.audience_id IN (SELECT o.id FROM organizations_organization o WHERE o.path LIKE ANY(%s))"
        )
        values.append([f"{path}%" for path in own.covered_paths])
    return [f"({' OR '.join(seen)})", "p.deleted_at IS NULL", "p.hidden_at IS NULL"], values


def _posts(
    reader_id: int | None, conditions: Sequence[str], values: Sequence[Any], after: Key | None, limit: int
) -> list[PostRow]:
    where, given = [*conditions], [*values]
    if after is not None:
        where.append("(p.created_at, p.id) < (%s, %s)")
        given += _moment(after)
    with cursor() as statement:
        statement.execute(_POST.format(where=" AND ".join(where), talk=TALK_SIZE), [reader_id, *given, limit])
        return [PostRow(*row) for row in statement.fetchall()]


# --- comments ------------------------------------------------------------------------------------------------------

_COMMENT: Final = """
SELECT c.id, c.post_id, c.text, c.version, c.author_id, m.name,
       b.id, coalesce(nullif(b.short_name, ''), b.name),
       c.reply_to_id, r.author_id, rm.name, c.created_at, c.edited_at,
       c.deleted_at IS NOT NULL, h.name, c.hidden_reason
  FROM {source}
  JOIN organizations_member m ON m.id = c.author_id
  JOIN organizations_organization b ON b.id = m.branch_id
  LEFT JOIN interaction_comment r ON r.id = c.reply_to_id
  LEFT JOIN organizations_member rm ON rm.id = r.author_id
  LEFT JOIN organizations_member h ON h.id = c.hidden_by_id
 ORDER BY c.created_at, c.id
"""
_SOME: Final = "(SELECT * FROM interaction_comment c WHERE c.id = ANY(%s)) c"
_NEWEST: Final = """
unnest(%s::bigint[]) AS wanted (id) CROSS JOIN LATERAL (
    SELECT * FROM interaction_comment c
     WHERE c.post_id = wanted.id AND c.deleted_at IS NULL AND c.hidden_at IS NULL
     ORDER BY c.created_at DESC, c.id DESC LIMIT %s) c
"""
_THREAD: Final = """
(SELECT * FROM interaction_comment c
  WHERE c.post_id = %s AND (c.created_at, c.id) > (%s, %s) ORDER BY c.created_at, c.id LIMIT %s) c
"""
_MINE: Final = """
(SELECT c.* FROM interaction_comment c JOIN interaction_post p ON p.id = c.post_id
  WHERE c.author_id = %s AND c.deleted_at IS NULL AND p.deleted_at IS NULL AND p.hidden_at IS NULL
    AND (c.created_at, c.id) < (%s, %s) ORDER BY c.created_at DESC, c.id DESC LIMIT %s) c
"""
_FIRST: Final[Key] = (0, 0)
_LAST: Final[Key] = (253_000_000_000_000_000, 0)  # a time no row has yet


def thread(post_id: int, *, after: Key | None = None, size: int = PAGE_SIZE) -> Thread:
    """A page of a post's comments, oldest first. Two statements."""
    live = outbox.heads([f"post:{post_id}"])
    values = [post_id, *_moment(after or _FIRST), size + 1]
    return Thread(*_page(_comments(_THREAD, values), size), live)


def comment(pk: int) -> CommentRow:
    """One comment, whoever may see it.

    Raises:
        LookupError: there is none.
    """
    rows = _comments(_SOME, [[pk]])
    if not rows:
        raise LookupError(pk)
    return rows[0]


def my_comments(member: Member, *, after: Key | None = None) -> tuple[list[CommentRow], Key | None]:
    """The member's own comments that are not deleted, newest first, below posts that are still there."""
    rows = _comments(_MINE, [member.pk, *_moment(after or _LAST), PAGE_SIZE + 1])
    rows.reverse()
    return _page(rows)


def _comments(source: str, values: Sequence[Any]) -> list[CommentRow]:
    with cursor() as statement:
        statement.execute(_COMMENT.format(source=source), values)
        return [CommentRow(*row) for row in statement.fetchall()]


def place_in_thread(comment_id: int) -> int:
    """How many comments of its post stand up to and with this one; 0 when there is none."""
    with cursor() as statement:
        statement.execute(
            "SELECT count(*) FROM interaction_comment c JOIN interaction_comment o ON o.post_id = c.post_id"
            " WHERE o.id = %s AND (c.created_at, c.id) <= (o.created_at, o.id)",
            [comment_id],
        )
        row = statement.fetchone()
    return int(row[0]) if row else 0


# --- replies -------------------------------------------------------------------------------------------------------


def unread_replies(member_id: int) -> int:
    """How many replies the member has not read."""
    return ReplyNotice.objects.filter(member_id=member_id, read_at=None).count()


def unread_of(request: HttpRequest) -> int:
    """The same for the reader of a page."""
    member: Member | None = getattr(request, "member", None)
    return unread_replies(member.pk) if member is not None else 0


def replies(member: Member, *, after: Key | None = None) -> tuple[list[ReplyRow], Key | None]:
    """Answers to the member and comments on the own posts, newest first; two statements."""
    notices = ReplyNotice.objects.filter(
        member=member,
        comment__deleted_at=None,
        comment__hidden_at=None,
        comment__post__in=access.visible_posts(member),
    )
    if after is not None:
        at, pk = _moment(after)
        notices = notices.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=pk))
    found = list(
        notices.order_by("-created_at", "-id").values_list(
            "id", "created_at", "comment_id", "comment__post__text", "read_at"
        )[: PAGE_SIZE + 1]
    )
    page = found[:PAGE_SIZE]
    comments = {row.id: row for row in _comments(_SOME, [[each[2] for each in page]])}
    rows = [
        ReplyRow(pk, comments[comment_id], text[:60], read_at is not None)
        for pk, _, comment_id, text, read_at in page
    ]
    return rows, _key(page[-1][1], page[-1][0]) if len(found) > PAGE_SIZE else None


# --- moderation ----------------------------------------------------------------------------------------------------


def open_reports(member: Member) -> QuerySet[Report]:
    """What members reported and nobody settled, newest first, within what the member moderates."""
    within = Q(pk__in=[])
    for path in standing(member).paths_of(OfficeKind.OFFICER, OfficeKind.MODERATOR):
        within |= Q(post__branch__path__startswith=path)
    return (
        Report.objects.filter(
            within,
            settled_at=None,
            post__deleted_at=None,
            post__hidden_at=None,
            comment__deleted_at=None,
        )
        .select_related("post__author", "post__branch", "comment__author", "reporter")
        .order_by("-created_at", "-id")
    )


def hidden_posts(member: Member) -> QuerySet[Post]:
    """What is hidden within what the member moderates, the last hidden first."""
    within = Q(pk__in=[])
    for path in standing(member).paths_of(OfficeKind.OFFICER, OfficeKind.MODERATOR):
        within |= Q(branch__path__startswith=path)
    return (
        Post.objects.filter(within, hidden_at__isnull=False, deleted_at=None)
        .select_related("author", "branch", "hidden_by")
        .order_by("-hidden_at", "-id")
    )


# --- keys ----------------------------------------------------------------------------------------------------------


def _key(created_at: datetime, pk: int) -> Key:
    return ((created_at - _EPOCH) // timedelta(microseconds=1), pk)


def _moment(key: Key) -> tuple[datetime, int]:
    microseconds, pk = key
    return _EPOCH + timedelta(microseconds=int(microseconds)), int(pk)


def _page(rows: list[Any], size: int = PAGE_SIZE) -> tuple[list[Any], Key | None]:
    if len(rows) <= size:
        return rows, None
    last = rows[size - 1]
    return rows[:size], _key(last.created_at, last.id)
