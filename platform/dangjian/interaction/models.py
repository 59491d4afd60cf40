"""互动: posts, comments, likes, views, photos, reports."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from dangjian.organizations.models import Member, Organization

COMMENT_MAX_LENGTH = 2000
POST_MAX_LENGTH = 5000
PHOTOS_PER_POST = 9


class PostKind(models.TextChoices):
    BRANCH_NEWS = "branch_news", _("支部动态")
    SNAPSHOT = "snapshot", _("随手拍")


class Visibility(models.TextChoices):
    DISTRICT = "district", _("全区")
    COMMITTEE = "committee", _("上级党委")
    BRANCH = "branch", _("本支部")


class Post(models.Model):
    """A post. `audience` is the organisation whose subtree may see it; `visibility` is how the author chose it."""

    kind = models.CharField(max_length=12, choices=PostKind)
    text = models.TextField(blank=True)
    visibility = models.CharField(max_length=10, choices=Visibility)
    audience = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="posts")
    branch = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="posts")
    created_at = models.DateTimeField(db_default=Now())
    edited_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    hidden_at = models.DateTimeField(null=True)
    hidden_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    hidden_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["-created_at", "-id"],
                name="post_feed",
                condition=Q(deleted_at=None, hidden_at=None),
            ),
            models.Index(
                fields=["branch", "-created_at", "-id"],
                name="post_feed_branch",
                condition=Q(deleted_at=None, hidden_at=None),
            ),
            models.Index(
                fields=["audience", "-created_at", "-id"],
                name="post_feed_audience",
                condition=Q(deleted_at=None, hidden_at=None),
            ),
            models.Index(fields=["author", "-created_at"], name="post_by_author"),
        ]


class PostCounter(models.Model):
    """A post's counts, apart from the post so that a like rewrites a narrow row and locks no text.

    `talk_version` is raised with every change to its comments, for the cached talk below a post.
    """

    post = models.OneToOneField(Post, on_delete=models.CASCADE, related_name="counter")
    comments = models.PositiveIntegerField(
        default=0, help_text="replies included, deleted and hidden ones not"
    )
    likes = models.PositiveIntegerField(default=0)
    views = models.PositiveIntegerField(default=0)
    talk_version = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["changed_at"], name="counter_changed")]


class Photo(models.Model):
    """An uploaded, re-encoded picture; until `post` is set it belongs to its owner's draft alone."""

    owner = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    post = models.ForeignKey(Post, on_delete=models.CASCADE, null=True, related_name="photos")
    position = models.PositiveSmallIntegerField(default=0)
    file = models.FileField(max_length=200, help_text="desktop size; the phone size stands beside it")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["post", "position"], name="photo_of_post")]


class Comment(models.Model):
    """A comment or, with `reply_to`, an answer to one. A deleted or hidden one leaves its line."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="comments")
    reply_to = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="replies")
    text = models.CharField(max_length=COMMENT_MAX_LENGTH)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    hidden_at = models.DateTimeField(null=True)
    hidden_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    hidden_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["post", "created_at", "id"], name="comment_thread"),
            models.Index(fields=["author", "-created_at"], name="comment_by_author"),
        ]


class Like(models.Model):
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="likes")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="likes")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "member"], name="one_like_each")]


class View(models.Model):
    """That a person has opened a post: once a person a post."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="views")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "member"], name="one_view_each")]


class ReplyNotice(models.Model):
    """A reply, or a comment on one's own post, waiting to be read by `member`."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="reply_notices")
    comment = models.OneToOneField(Comment, on_delete=models.CASCADE, related_name="notice")
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["member", "-created_at"], name="notice_list"),
            models.Index(fields=["member"], name="notice_unread", condition=Q(read_at=None)),
        ]


class Report(models.Model):
    """A member's request that moderators look at a post or a comment."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="reports")
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, null=True, related_name="reports")
    reporter = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=10, blank=True, help_text="hidden or kept")
