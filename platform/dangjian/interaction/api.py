"""The REST API of posts, comments, likes and uploads."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, inline_serializer
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from dangjian.api import paging
from dangjian.api.etag import expected_version, tagged
from dangjian.api.idempotency import idempotent
from dangjian.api.problems import FieldError, forbidden, refused
from dangjian.api.schema import CURSOR, IDEMPOTENCY_KEY, IF_MATCH
from dangjian.api.views import ApiView, choice
from dangjian.interaction import access, photos, queries, services, views_buffer
from dangjian.interaction.models import PostKind, Visibility
from dangjian.interaction.rows import PhotoRow
from dangjian.organizations.models import Member
from realtime import outbox

_LARGEST_ID = 2**63 - 1
_FORM_OVERHEAD = 64 * 1024


# --- shapes --------------------------------------------------------------------------------------------------------


@extend_schema_field(OpenApiTypes.STR)
class TextField(serializers.Field[str, Any, str, Any]):
    """A string as it was sent; the services clean it and say what is wrong with it."""

    default_error_messages = {"invalid": gettext_lazy("应该是一段文字。")}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return data

    def to_representation(self, value: str) -> str:
        return value


def id_field(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=_LARGEST_ID, **options)


class NamedSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class LiveSerializer(serializers.Serializer[Any]):
    topic = serializers.CharField()
    epoch = serializers.CharField()
    seq = serializers.IntegerField()


class PhotoSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    url = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class FeedPostSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(PostKind.choices)
    text = serializers.CharField(allow_blank=True)
    visibility = serializers.ChoiceField(Visibility.choices)
    author = NamedSerializer()
    branch = NamedSerializer()
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    comment_count = serializers.IntegerField()
    like_count = serializers.IntegerField()
    view_count = serializers.IntegerField()
    liked = serializers.BooleanField()
    photos = PhotoSerializer(many=True)
    version = serializers.IntegerField()


class FeedPostWithLiveSerializer(FeedPostSerializer):
    live = LiveSerializer(many=True)


class FeedSerializer(serializers.Serializer[Any]):
    results = FeedPostSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    live = LiveSerializer(many=True)


class HiddenSerializer(serializers.Serializer[Any]):
    by = serializers.CharField()
    reason = serializers.CharField()


class CommentSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    text = serializers.CharField(allow_blank=True)
    author = NamedSerializer()
    branch = NamedSerializer()
    reply_to = serializers.IntegerField(allow_null=True)
    reply_to_author = NamedSerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    deleted = serializers.BooleanField()
    hidden = HiddenSerializer(allow_null=True)
    version = serializers.IntegerField()


class ThreadSerializer(serializers.Serializer[Any]):
    results = CommentSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    live = LiveSerializer(many=True)


class LikeSerializer(serializers.Serializer[Any]):
    liked = serializers.BooleanField()
    like_count = serializers.IntegerField()


class NewPost(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(PostKind.choices)
    text = TextField(default="")
    visibility = serializers.ChoiceField(Visibility.choices)
    photos = serializers.ListField(child=id_field(), default=list, max_length=100)


class ChangedPost(serializers.Serializer[Any]):
    text = TextField(required=False)
    visibility = serializers.ChoiceField(Visibility.choices, required=False)
    photos = serializers.ListField(child=id_field(), required=False, max_length=100)


class NewComment(serializers.Serializer[Any]):
    text = TextField()
    reply_to = id_field(required=False, allow_null=True, default=None)


class ChangedComment(serializers.Serializer[Any]):
    text = TextField()


class NewReport(serializers.Serializer[Any]):
    reason = TextField()
    comment = id_field(required=False, allow_null=True, default=None)


# --- views ---------------------------------------------------------------------------------------------------------


class MemberView(ApiView):
    """A view for members of the district."""

    @property
    def member(self) -> Member:
        """
        Raises:
            Problem: 403 for an account that is no member's.
        """
        member: Member | None = self.request.member  # type: ignore[attr-defined]
        if member is None:
            raise forbidden(_("这里只对本地区的党员开放。"))
        return member

    def content(self, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """The body's members.

        Raises:
            ValidationError: answered with 422.
        """
        checked = shape(data=self.request.data)
        checked.is_valid(raise_exception=True)
        found: dict[str, Any] = checked.validated_data
        return found

    def page(self, which: str, key: paging.Key | None) -> str | None:
        """The address of the page after `key` of the list `which`."""
        return paging.next_path(self.request, None if key is None else paging.seal(which, key))

    def after(self, which: str) -> paging.Key | None:
        """
        Raises:
            Problem: 400, the cursor is not one of the list `which`.
        """
        return paging.unseal(which, self.request.query_params.get("cursor", ""))


class FeedView(MemberView):
    @extend_schema(
        operation_id="feed",
        parameters=[
            OpenApiParameter("scope", str, enum=list(queries.SCOPES)),
            OpenApiParameter("kind", str, enum=PostKind.values),
            CURSOR,
        ],
        responses=FeedSerializer,
    )
    def get(self, request: Request) -> Response:
        """看得到的动态，新的在前。"""
        scope = choice(request, "scope", queries.SCOPES, "district")
        kind = choice(request, "kind", PostKind.values, "")
        which = f"feed:{scope}:{kind}"
        page = queries.feed(self.member, scope=scope, kind=kind, after=self.after(which))
        queries.attach_photos(page.posts)
        results = [post.as_json() for post in page.posts]
        return Response({"results": results, "next": self.page(which, page.next), "live": page.live})


class PostsView(MemberView):
    @extend_schema(
        operation_id="post_create",
        parameters=[IDEMPOTENCY_KEY],
        request=NewPost,
        responses={201: FeedPostSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """发一条动态。照片先传到 `uploads`。"""
        made = services.create_post(author=self.member, **self.content(NewPost))
        return tagged(
            queries.post(made.pk, reader_id=self.member.pk).as_json(), version=made.version, status=201
        )


class PostView(MemberView):
    @extend_schema(operation_id="post_read", responses=FeedPostWithLiveSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """一条动态；读它就算看过。"""
        live = outbox.heads([*queries.feed_topics(self.member), f"post:{pk}"])
        post = access.readable_post(self.member, pk)
        row = queries.post(post.pk, reader_id=self.member.pk)
        views_buffer.add(post=post, member=self.member)
        return tagged(row.as_json() | {"live": live}, version=row.version)

    @extend_schema(
        operation_id="post_change", parameters=[IF_MATCH], request=ChangedPost, responses=FeedPostSerializer
    )
    def patch(self, request: Request, pk: int) -> Response:
        """改自己的动态。"""
        post = access.readable_post(self.member, pk)
        version = expected_version(request)
        post = services.edit_post(post=post, by=self.member, version=version, **self.content(ChangedPost))
        return tagged(queries.post(pk, reader_id=self.member.pk).as_json(), version=post.version)

    @extend_schema(operation_id="post_delete", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """删自己的动态。"""
        services.delete_post(post=access.readable_post(self.member, pk), by=self.member)
        return Response(status=204)


class LikeView(MemberView):
    @extend_schema(operation_id="like", request=None, responses=LikeSerializer)
    def put(self, request: Request, pk: int) -> Response:
        """赞；已经赞过也一样。"""
        count = services.like(post=access.readable_post(self.member, pk), member=self.member)
        return Response({"liked": True, "like_count": count})

    @extend_schema(operation_id="unlike", responses={200: LikeSerializer})
    def delete(self, request: Request, pk: int) -> Response:
        """取消赞；没赞过也一样。"""
        count = services.unlike(post=access.readable_post(self.member, pk), member=self.member)
        return Response({"liked": False, "like_count": count})


class CommentsView(MemberView):
    @extend_schema(operation_id="comments", parameters=[CURSOR], responses=ThreadSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """一条动态下的评论，早的在前；删除的留一行。"""
        post = access.readable_post(self.member, pk)
        which = f"comments:{post.pk}"
        thread = queries.thread(post.pk, after=self.after(which))
        results = [comment.as_json() for comment in thread.comments]
        return Response({"results": results, "next": self.page(which, thread.next), "live": thread.live})

    @extend_schema(
        operation_id="comment_create",
        parameters=[IDEMPOTENCY_KEY],
        request=NewComment,
        responses={201: CommentSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """评论，或者回复一条评论。"""
        post = access.readable_post(self.member, pk)
        made = services.add_comment(post=post, author=self.member, **self.content(NewComment))
        return Response(queries.comment(made.pk).as_json(), status=201)


class CommentView(MemberView):
    @extend_schema(operation_id="comment_change", request=ChangedComment, responses=CommentSerializer)
    def patch(self, request: Request, pk: int, comment: int) -> Response:
        """10 分钟内改自己的评论。"""
        found = access.readable_comment(self.member, pk, comment)
        services.edit_comment(comment=found, by=self.member, **self.content(ChangedComment))
        return Response(queries.comment(comment).as_json())

    @extend_schema(operation_id="comment_delete", responses={204: None})
    def delete(self, request: Request, pk: int, comment: int) -> Response:
        """删自己的评论。"""
        services.delete_comment(comment=access.readable_comment(self.member, pk, comment), by=self.member)
        return Response(status=204)


class ReportsView(MemberView):
    @extend_schema(
        operation_id="report",
        parameters=[IDEMPOTENCY_KEY],
        request=NewReport,
        responses={201: inline_serializer("Report", {"id": serializers.IntegerField()})},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """请内容管理员看一看这条动态，或者它下面的一条评论。"""
        post = access.readable_post(self.member, pk)
        content = self.content(NewReport)
        about = content.pop("comment")
        comment = access.readable_comment(self.member, pk, about) if about is not None else None
        made = services.report(post=post, by=self.member, comment=comment, **content)
        return Response({"id": made.pk}, status=201)


class UploadsView(MemberView):
    parser_classes = [MultiPartParser]
    max_body_bytes = settings.UPLOAD_MAX_BYTES + _FORM_OVERHEAD

    @extend_schema(
        operation_id="upload",
        parameters=[IDEMPOTENCY_KEY],
        request={
            "multipart/form-data": inline_serializer("Upload", {"file": serializers.FileField()}),
        },
        responses={201: PhotoSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """传一张照片（JPG、PNG、WebP、HEIC，20 MB 以内），之后放进动态。"""
        file = request.FILES.get("file")
        if file is None:
            raise refused(FieldError("/file", "required", _("请选一张照片。")))
        photo = photos.keep(owner=self.member, file=file)
        return Response(PhotoRow(photo.pk, photo.width, photo.height).as_json(), status=201)
