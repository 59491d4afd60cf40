"""Who may see a post, and who may do what to it."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from dangjian.api.problems import Problem, forbidden, not_found
from dangjian.interaction.models import Comment, Photo, Post, PostKind, Visibility
from dangjian.organizations.access import standing
from dangjian.organizations.models import Member, Organization, OrganizationKind

_RELATED = ("author", "branch", "audience", "deleted_by", "hidden_by", "counter")


def visible_posts(member: Member) -> QuerySet[Post]:
    """The posts the member may read: for an audience on the own path upward or below an office; and the own."""
    return Post.objects.filter(_seen_by(member), deleted_at=None, hidden_at=None)


def readable_post(member: Member, pk: int) -> Post:
    """The post with its author, branch, audience and counter, if the member may read it.

    Raises:
        Problem: 404; for a post one could have read it says by whom and why it is gone.
    """
    post = Post.objects.select_related(*_RELATED).filter(pk=pk).first()
    if post is None or not sees(member, post):
        raise not_found()
    refuse_gone(post)
    return post


def readable_comment(member: Member, post_id: int, pk: int) -> Comment:
    """The comment with its post, author and whom it answers, if the member may read it.

    Raises:
        Problem: 404, as `readable_post`, and for a deleted or hidden comment.
    """
    post = readable_post(member, post_id)
    comment = (
        Comment.objects.select_related("author", "reply_to__author", "hidden_by")
        .filter(post=post, pk=pk)
        .first()
    )
    if comment is None:
        raise not_found()
    comment.post = post
    if comment.deleted_at is not None:
        raise Problem(404, "comment_deleted", _("这条评论已由作者删除。"))
    if comment.hidden_at is not None and not may_moderate(member, post):
        raise Problem(404, "comment_hidden", hidden_sentence(comment))
    return comment


def readable_photo(member: Member, pk: int) -> Photo:
    """The photo, to its owner before it is posted and to the readers of its post afterwards; a hidden post's to
    its author alone.

    Raises:
        Problem: 404.
    """
    photo = Photo.objects.select_related("post__audience").filter(pk=pk).first()
    if photo is None:
        raise not_found()
    if photo.post is None:
        if photo.owner_id != member.pk:
            raise not_found()
    elif not sees(member, photo.post):
        raise not_found()
    elif photo.post.deleted_at is not None or photo.post.author_id != member.pk:
        refuse_gone(photo.post, quietly=True)
    return photo


def sees(member: Member, post: Post) -> bool:
    """Whether the member belongs to those the post is for (deleted and hidden ones too)."""
    return (
        post.author_id == member.pk
        or post.audience_id in standing(member).path_ids
        or standing(member).covers(post.audience)
    )


def refuse_gone(post: Post, *, quietly: bool = False) -> None:
    """Refuse a deleted or hidden post.

    Raises:
        Problem: 404 that says by whom and why; with `quietly` it only says that there is nothing.
    """
    if post.deleted_at is None and post.hidden_at is None:
        return
    if quietly:
        raise not_found()
    if post.deleted_at is not None:
        raise Problem(404, "post_deleted", _deleted_sentence(post))
    raise Problem(404, "post_hidden", hidden_sentence(post))


def hidden_sentence(thing: Post | Comment) -> str:
    """By whom and why a post or comment was hidden."""
    name = thing.hidden_by.name if thing.hidden_by is not None else ""
    words = {"name": name, "reason": thing.hidden_reason}
    if isinstance(thing, Post):
        return _("这条动态已由%(name)s隐藏，原因：%(reason)s") % words
    return _("这条评论已由%(name)s隐藏，原因：%(reason)s") % words


def may_moderate(member: Member, post: Post) -> bool:
    """Hide, unhide and settle reports: moderators and officers over the post's branch."""
    return standing(member).moderates(post.branch)


def may_post(member: Member, kind: str) -> bool:
    """支部动态 by the branch's secretary and committee, editors and officers; 随手拍 by anyone."""
    return kind == PostKind.SNAPSHOT or standing(member).speaks_for_branch


def check_author(member: Member, author_id: int, detail: str) -> None:
    """
    Raises:
        Problem: 403 with `detail` for anybody but the author.
    """
    if member.pk != author_id:
        raise forbidden(detail)


def audience(branch: Organization, visibility: str) -> Organization | None:
    """The organisation whose subtree may see a post of the branch; None: there is no 基层党委 above it."""
    if visibility == Visibility.BRANCH:
        return branch
    above = Organization.objects.filter(path__in=branch.path_prefixes())
    if visibility == Visibility.DISTRICT:
        root: Organization = above.earliest("path")
        return root
    nearest: Organization | None = above.filter(kind=OrganizationKind.COMMITTEE).order_by("-path").first()
    return nearest


def moderated_post(member: Member, pk: int) -> Post:
    """The post, hidden or not, to who may moderate it.

    Raises:
        Problem: 404; 403 for a post the member may only read.
    """
    post = Post.objects.select_related(*_RELATED).filter(pk=pk).first()
    if post is None or not sees(member, post):
        raise not_found()
    if not may_moderate(member, post):
        raise forbidden(_("只有管理这个支部内容的人能这样做。"))
    return post


def _seen_by(member: Member) -> Q:
    own = standing(member)
    seen = Q(author=member) | Q(audience__in=own.path_ids)
    for path in own.covered_paths:
        seen |= Q(audience__path__startswith=path)
    return seen


def _deleted_sentence(post: Post) -> str:
    if post.deleted_by is None or post.deleted_by_id == post.author_id:
        return _("这条动态已由作者删除。")
    return _("这条动态已由%(name)s删除。") % {"name": post.deleted_by.name}
