"""Writing posts, comments, likes and reports: each one transaction with its counters, audit row and events.

Who may act is asked here once more, so that no page or endpoint can forget it. Everything refuses by raising
`dangjian.api.problems.Problem`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from dangjian.api import etag
from dangjian.api.database import cursor
from dangjian.api.problems import FieldError, Problem, forbidden, not_found, refused
from dangjian.audit.services import record as audit
from dangjian.interaction import access, queries
from dangjian.interaction.models import (
    COMMENT_MAX_LENGTH,
    PHOTOS_PER_POST,
    POST_MAX_LENGTH,
    Comment,
    Like,
    Photo,
    Post,
    PostCounter,
    PostKind,
    ReplyNotice,
    Report,
    Visibility,
)
from dangjian.interaction.text import checked
from dangjian.organizations.models import Member, Organization
from realtime import outbox

EDIT_COMMENT_WITHIN: Final = timedelta(minutes=10)
REASON_MAX_LENGTH: Final = 200


# --- posts ---------------------------------------------------------------------------------------------------------


@outbox.atomic()
def create_post(*, author: Member, kind: str, text: str, visibility: str, photos: Sequence[int] = ()) -> Post:
    """A new post of `author` in their branch.

    photos: ids of the author's uploads, in the order to show. Without photos the text may not be empty.

    Raises:
        Problem: 403 (支部动态 by who does not speak for the branch), 422.
    """
    _check_choice("kind", kind, PostKind.values)
    if not access.may_post(author, kind):
        raise forbidden(_("支部动态由支部书记、信息员和管理员发布。你可以发随手拍。"))
    post = Post.objects.create(
        kind=kind,
        text=_post_text(text, photos),
        visibility=visibility,
        audience=_audience(author.branch, visibility),
        author=author,
        branch=author.branch,
    )
    PostCounter.objects.create(post=post)
    _attach(post, author, photos)
    _tell_created(post)
    return post


@outbox.atomic()
def edit_post(
    *,
    post: Post,
    by: Member,
    version: int | None = None,
    text: str | None = None,
    visibility: str | None = None,
    photos: Sequence[int] | None = None,
) -> Post:
    """Change what is given of the author's own post.

    version: the one that was read before; None to overwrite whatever stands there.

    Raises:
        Problem: 403, 404 (gone meanwhile), 412 (changed meanwhile), 422.
    """
    access.check_author(by, post.author_id, _("只有作者能修改这条动态。"))
    post = _lock(post.pk)
    access.refuse_gone(post)
    if version is not None and version != post.version:
        raise etag.stale()
    old_topic = feed_topic(post)
    kept = list(post.photos.values_list("pk", flat=True)) if photos is None else photos
    post.text = _post_text(post.text if text is None else text, kept)
    if visibility is not None and visibility != post.visibility:
        post.visibility, post.audience = visibility, _audience(post.branch, visibility)
    if photos is not None:
        post.photos.update(post=None)
        _attach(post, by, photos)
    post.version += 1
    post.edited_at = timezone.now()
    post.save(update_fields=["text", "visibility", "audience", "version", "edited_at"])
    if feed_topic(post) == old_topic:
        outbox.record(topic=old_topic, kind="post.updated", data=_post_data(post))
    else:
        _tell_removed(post, old_topic)
        _tell_created(post)
        outbox.recheck(topic=f"post:{post.pk}")
    return post


@outbox.atomic()
def delete_post(*, post: Post, by: Member) -> None:
    """Take the author's own post away; its row stays, with when and by whom.

    Raises:
        Problem: 403, 404 (gone already).
    """
    access.check_author(by, post.author_id, _("只有作者能删除这条动态。"))
    post = _lock(post.pk)
    access.refuse_gone(post)
    post.deleted_at, post.deleted_by, post.version = timezone.now(), by, post.version + 1
    post.save(update_fields=["deleted_at", "deleted_by", "version"])
    _tell_gone(post)


@outbox.atomic()
def hide_post(*, post: Post, by: Member, reason: str) -> None:
    """Hide a post from everybody; reports about it are settled by that.

    Raises:
        Problem: 403, 404 (gone already), 422 (no reason, or a long one).
    """
    _check_moderator(by, post)
    reason = _reason(reason)
    post = _lock(post.pk)
    access.refuse_gone(post)
    post.hidden_at, post.hidden_by, post.hidden_reason = timezone.now(), by, reason
    post.version += 1
    post.save(update_fields=["hidden_at", "hidden_by", "hidden_reason", "version"])
    _settle(Report.objects.filter(post=post, comment=None), by, "hidden")
    _audit(by, "post.hide", post, reason)
    _tell_gone(post)


@outbox.atomic()
def unhide_post(*, post: Post, by: Member, reason: str) -> None:
    """Show a hidden post again.

    Raises:
        Problem: 403, 404 (deleted meanwhile), 409 (not hidden), 422.
    """
    _check_moderator(by, post)
    reason = _reason(reason)
    post = _lock(post.pk)
    if post.hidden_at is None:
        raise Problem(409, "not_hidden", _("这条动态没有隐藏。"))
    post.hidden_at = post.hidden_by = None
    post.hidden_reason = ""
    access.refuse_gone(post)
    post.version += 1
    post.save(update_fields=["hidden_at", "hidden_by", "hidden_reason", "version"])
    _audit(by, "post.unhide", post, reason)
    _tell_created(post)


# --- comments ------------------------------------------------------------------------------------------------------


@outbox.atomic()
def add_comment(*, post: Post, author: Member, text: str, reply_to: int | None = None) -> Comment:
    """A comment below the post; whoever it answers is told.

    reply_to: the id of a comment below the same post.

    Raises:
        Problem: 404 (the post is gone meanwhile), 422.
    """
    text = checked(text, longest=COMMENT_MAX_LENGTH)
    _hold(post)
    answered = _answered(post, reply_to)
    comment = Comment.objects.create(post=post, author=author, reply_to=answered, text=text)
    _count(post, comments=1)
    data = queries.comment(comment.pk).as_json()
    outbox.record(topic=f"post:{post.pk}", kind="comment.created", data=data)
    told = _told(post, author, answered)
    if told is not None:
        ReplyNotice.objects.create(member=told, comment=comment)
        outbox.record(topic=f"me:{told.user_id}", kind="reply.created", data=data | {"post": post.pk})
        outbox.touch(topic=f"me:{told.user_id}")
    return comment


@outbox.atomic()
def edit_comment(*, comment: Comment, by: Member, text: str) -> Comment:
    """Change the own comment within ten minutes.

    Raises:
        Problem: 403 (somebody else's, or too late), 404 (gone meanwhile), 422.
    """
    access.check_author(by, comment.author_id, _("只有作者能修改这条评论。"))
    text = checked(text, longest=COMMENT_MAX_LENGTH)
    _hold(comment.post)
    comment = _lock_comment(comment)
    if comment.created_at < timezone.now() - EDIT_COMMENT_WITHIN:
        raise forbidden(_("评论发出 10 分钟以后不能再改。可以删掉重写，或者再发一条。"))
    comment.text, comment.edited_at, comment.version = text, timezone.now(), comment.version + 1
    comment.save(update_fields=["text", "edited_at", "version"])
    _count(comment.post)
    _tell_comment(comment, "comment.updated")
    return comment


@outbox.atomic()
def delete_comment(*, comment: Comment, by: Member) -> None:
    """Take the own comment away; its line stays.

    Raises:
        Problem: 403, 404 (gone already, or its post).
    """
    access.check_author(by, comment.author_id, _("只有作者能删除这条评论。"))
    _hold(comment.post)
    comment = _lock_comment(comment)
    was_counted = comment.hidden_at is None
    comment.deleted_at, comment.version = timezone.now(), comment.version + 1
    comment.save(update_fields=["deleted_at", "version"])
    _count(comment.post, comments=-1 if was_counted else 0)
    _forget_notices(comment=comment)
    _tell_comment(comment, "comment.removed")


@outbox.atomic()
def hide_comment(*, comment: Comment, by: Member, reason: str) -> None:
    """Hide a comment; its line stays, and says by whom and why.

    Raises:
        Problem: 403, 404 (gone already), 409 (hidden already), 422.
    """
    _check_moderator(by, comment.post)
    reason = _reason(reason)
    _hold(comment.post)
    comment = _lock_comment(comment)
    if comment.hidden_at is not None:
        raise Problem(409, "already_hidden", access.hidden_sentence(comment))
    comment.hidden_at, comment.hidden_by, comment.hidden_reason = timezone.now(), by, reason
    comment.version += 1
    comment.save(update_fields=["hidden_at", "hidden_by", "hidden_reason", "version"])
    _count(comment.post, comments=-1)
    _forget_notices(comment=comment)
    _settle(Report.objects.filter(comment=comment), by, "hidden")
    _audit(by, "comment.hide", comment, reason)
    _tell_comment(comment, "comment.removed")


@outbox.atomic()
def unhide_comment(*, comment: Comment, by: Member, reason: str) -> None:
    """Show a hidden comment again.

    Raises:
        Problem: 403, 404 (deleted meanwhile), 409 (not hidden), 422.
    """
    _check_moderator(by, comment.post)
    reason = _reason(reason)
    _hold(comment.post)
    comment = _lock_comment(comment)
    if comment.hidden_at is None:
        raise Problem(409, "not_hidden", _("这条评论没有隐藏。"))
    comment.hidden_at = comment.hidden_by = None
    comment.hidden_reason = ""
    comment.version += 1
    comment.save(update_fields=["hidden_at", "hidden_by", "hidden_reason", "version"])
    _count(comment.post, comments=1)
    _audit(by, "comment.unhide", comment, reason)
    _tell_comment(comment, "comment.updated")


@outbox.atomic()
def mark_replies_read(*, member: Member, up_to: int | None = None) -> int:
    """Mark the member's replies as read, up to that notice id or all; returns how many were unread."""
    notices = ReplyNotice.objects.filter(member=member, read_at=None)
    return _read(notices if up_to is None else notices.filter(pk__lte=up_to))


# --- likes ---------------------------------------------------------------------------------------------------------


@outbox.atomic()
def like(*, post: Post, member: Member) -> int:
    """The member likes the post, now or already; returns the count of likes.

    Raises:
        Problem: 404, the post is gone meanwhile.
    """
    _hold(post)
    with cursor() as statement:
        statement.execute(
            "INSERT INTO interaction_like (post_id, member_id) VALUES (%s, %s)"
            " ON CONFLICT (post_id, member_id) DO NOTHING",
            [post.pk, member.pk],
        )
        added = statement.rowcount
    return _count_likes(post, added)


@outbox.atomic()
def unlike(*, post: Post, member: Member) -> int:
    """The member likes the post no longer; returns the count of likes.

    Raises:
        Problem: 404, the post is gone meanwhile.
    """
    _hold(post)
    removed, _details = Like.objects.filter(post=post, member=member).delete()
    return _count_likes(post, -removed)


# --- reports -------------------------------------------------------------------------------------------------------


@outbox.atomic()
def report(*, post: Post, by: Member, reason: str, comment: Comment | None = None) -> Report:
    """Ask the moderators to look at the post or one of its comments; asking again changes nothing.

    Raises:
        Problem: 404 (gone meanwhile), 422.
    """
    reason = _reason(reason)
    _hold(post)
    known = Report.objects.filter(post=post, comment=comment, reporter=by, settled_at=None).first()
    return known or Report.objects.create(post=post, comment=comment, reporter=by, reason=reason)


@outbox.atomic()
def settle_report(*, report: Report, by: Member, hide: bool, reason: str) -> None:
    """Answer a report, and every other open one about the same thing: hide it, or let it stand.

    Raises:
        Problem: 403, 404 (the thing is gone already), 409 (settled already), 422.
    """
    _check_moderator(by, report.post)
    _lock(report.post_id)
    same = Report.objects.filter(post=report.post, comment=report.comment, settled_at=None)
    if not same.filter(pk=report.pk).exists():
        raise Problem(409, "settled", _("这条举报已经处理过了。"))
    if not hide:
        reason = _reason(reason)
        _settle(same, by, "kept")
        _audit(by, "report.keep", report.comment or report.post, reason)
    elif report.comment is not None:
        hide_comment(comment=report.comment, by=by, reason=reason)
    else:
        hide_post(post=report.post, by=by, reason=reason)


# --- events --------------------------------------------------------------------------------------------------------


def feed_topic(post: Post) -> str:
    """The feed topic whose readers are the post's."""
    return "feed" if post.visibility == Visibility.DISTRICT else f"feed:{post.audience_id}"


def touch_counts(post: Post) -> None:
    """Say that the post's counts changed, to those who have it open and to the feed."""
    outbox.touch(topic=f"post:{post.pk}")
    outbox.touch(topic=feed_topic(post), key=post.pk)


def _tell_created(post: Post) -> None:
    outbox.record(topic=feed_topic(post), kind="post.created", data=_post_data(post))


def _tell_removed(post: Post, topic: str) -> None:
    outbox.record(topic=topic, kind="post.removed", data={"id": post.pk, "version": post.version})


def _tell_gone(post: Post) -> None:
    _forget_notices(comment__post=post)
    _tell_removed(post, feed_topic(post))
    outbox.close_topic(topic=f"post:{post.pk}", code="gone")


def _tell_comment(comment: Comment, kind: str) -> None:
    outbox.record(topic=f"post:{comment.post_id}", kind=kind, data=queries.comment(comment.pk).as_json())


def _post_data(post: Post) -> dict[str, Any]:
    return queries.post(post.pk).as_json(to_reader=False)


# --- steps ---------------------------------------------------------------------------------------------------------


def _lock(pk: int) -> Post:
    return (
        Post.objects.select_for_update(of=("self",), no_key=True)
        .select_related("author", "branch", "audience", "deleted_by", "hidden_by")
        .get(pk=pk)
    )


def _lock_comment(comment: Comment) -> Comment:
    """The comment as it stands, locked; its post is the one already read.

    Raises:
        Problem: 404, it is deleted.
    """
    locked = (
        Comment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("author", "hidden_by")
        .get(pk=comment.pk)
    )
    if locked.deleted_at is not None:
        raise Problem(404, "comment_deleted", _("这条评论已由作者删除。"))
    locked.post = comment.post
    return locked


def _hold(post: Post) -> None:
    """Keep the post from being deleted or hidden until commit; writers below it do not hinder each other.

    Raises:
        Problem: 404 with the reason, it is gone.
    """
    with cursor() as statement:
        statement.execute(
            "SELECT deleted_at IS NULL AND hidden_at IS NULL, audience_id, visibility"
            " FROM interaction_post WHERE id = %s FOR SHARE",
            [post.pk],
        )
        row = statement.fetchone()
    if row is None:
        raise not_found()
    there, post.audience_id, post.visibility = row
    if not there:
        access.refuse_gone(Post.objects.select_related("author", "deleted_by", "hidden_by").get(pk=post.pk))


def _count(post: Post, *, comments: int = 0) -> None:
    """Add to the post's comments; its cached talk is out of date in any case."""
    PostCounter.objects.filter(post=post).update(
        comments=F("comments") + comments, talk_version=F("talk_version") + 1, changed_at=Now()
    )
    touch_counts(post)


def _count_likes(post: Post, change: int) -> int:
    if not change:
        return PostCounter.objects.values_list("likes", flat=True).get(post=post)
    with cursor() as statement:
        statement.execute(
            "UPDATE interaction_postcounter SET likes = likes + %s, changed_at = clock_timestamp()"
            " WHERE post_id = %s RETURNING likes",
            [change, post.pk],
        )
        likes: int = statement.fetchone()[0]
    touch_counts(post)
    return likes


def _post_text(text: str, photos: Sequence[int]) -> str:
    return checked(text, longest=POST_MAX_LENGTH, required=not photos)


def _audience(branch: Organization, visibility: str) -> Organization:
    _check_choice("visibility", visibility, Visibility.values)
    found = access.audience(branch, visibility)
    if found is None:
        detail = _("你所在的支部上面没有基层党委，请选本支部或全区。")
        raise refused(FieldError("/visibility", "no_committee", detail))
    return found


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        detail = _("只能是：%(choices)s。") % {"choices": "、".join(choices)}
        raise refused(FieldError(f"/{name}", "invalid_choice", detail))


def _attach(post: Post, owner: Member, photos: Sequence[int]) -> None:
    if len(photos) > PHOTOS_PER_POST:
        detail = _("最多放 %(most)s 张照片。") % {"most": PHOTOS_PER_POST}
        raise refused(FieldError("/photos", "too_many", detail))
    own = Photo.objects.select_for_update().filter(pk__in=photos, owner=owner, post=None).order_by("id")
    found = {photo.pk: photo for photo in own}
    errors = [
        FieldError(f"/photos/{place}", "unknown_photo", _("这张照片没有上传成功，或者已经用过，请重新上传。"))
        for place, pk in enumerate(photos)
        if pk not in found or pk in photos[:place]
    ]
    if errors:
        raise refused(*errors)
    for place, pk in enumerate(photos):
        found[pk].post, found[pk].position = post, place
    Photo.objects.bulk_update(found.values(), ["post", "position"])


def _answered(post: Post, reply_to: int | None) -> Comment | None:
    if reply_to is None:
        return None
    found = (
        Comment.objects.select_related("author")
        .filter(post=post, pk=reply_to, deleted_at=None, hidden_at=None)
        .first()
    )
    if found is None:
        detail = _("你要回复的评论已经不在了。可以直接评论这条动态。")
        raise refused(FieldError("/reply_to", "unknown_comment", detail))
    return found


def _told(post: Post, author: Member, answered: Comment | None) -> Member | None:
    """Whom a comment is news to: whoever it answers, else the post's author; nobody hears of their own."""
    for each in ([answered.author] if answered is not None else []) + [post.author]:
        if each.pk != author.pk:
            return each
    return None


def _forget_notices(**which: Any) -> None:
    """Nobody is sent to read what is gone."""
    _read(ReplyNotice.objects.filter(read_at=None, **which))


def _read(notices: QuerySet[ReplyNotice]) -> int:
    # Locked in order: a person who reads all meets a post that goes, and neither may wait for the other.
    unread = dict(
        notices.select_for_update(of=("self",), no_key=True)
        .order_by("pk")
        .values_list("pk", "member__user_id")
    )
    for user_id in set(unread.values()):
        outbox.touch(topic=f"me:{user_id}")
    return ReplyNotice.objects.filter(pk__in=unread).update(read_at=Now()) if unread else 0


def _reason(reason: str) -> str:
    return checked(reason, longest=REASON_MAX_LENGTH, pointer="/reason")


def _check_moderator(by: Member, post: Post) -> None:
    if not access.may_moderate(by, post):
        raise forbidden(_("只有管理这个支部内容的人能这样做。"))


def _settle(reports: QuerySet[Report], by: Member, outcome: str) -> None:
    reports.filter(settled_at=None).update(settled_at=Now(), settled_by=by, outcome=outcome)


def _audit(by: Member, action: str, thing: Post | Comment, reason: str) -> None:
    kind = "post" if isinstance(thing, Post) else "comment"
    audit(
        action=action,
        actor=by.user,
        object_kind=kind,
        object_id=thing.pk,
        object_name=thing.author.name,
        reason=reason,
        detail={"post": thing.pk if isinstance(thing, Post) else thing.post_id},
    )
