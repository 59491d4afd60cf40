"""The REST API of what is one's own: who I am, what was answered to me, and the REST twin of the socket."""

from __future__ import annotations

from typing import Any

from django.middleware.csrf import get_token
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dangjian.api.problems import Problem, not_found
from dangjian.api.schema import CURSOR
from dangjian.api.views import ApiView, number
from dangjian.interaction import queries, services
from dangjian.interaction.api import CommentSerializer, MemberView, NamedSerializer, id_field
from dangjian.organizations.access import standing
from dangjian.organizations.models import Member, OfficeKind, Organization, Post
from realtime import rest


class HeldPostSerializer(serializers.Serializer[Any]):
    post = serializers.ChoiceField(Post.choices)
    name = serializers.CharField()
    organization = NamedSerializer()


class HeldOfficeSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(OfficeKind.choices)
    name = serializers.CharField()
    organization = NamedSerializer()


class MeSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    branch = NamedSerializer(allow_null=True)
    posts_held = HeldPostSerializer(many=True)
    offices = HeldOfficeSerializer(many=True)
    topics = serializers.ListField(child=serializers.CharField())
    unread = serializers.IntegerField()


class ReplySerializer(CommentSerializer):
    notice = serializers.IntegerField()
    post = inline_serializer(
        "RepliedPost", {"id": serializers.IntegerField(), "text": serializers.CharField(allow_blank=True)}
    )
    read = serializers.BooleanField()


class RepliesSerializer(serializers.Serializer[Any]):
    results = ReplySerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ReadUpTo(serializers.Serializer[Any]):
    up_to = id_field(required=False, allow_null=True, default=None)


class EventsSerializer(serializers.Serializer[Any]):
    topic = serializers.CharField()
    epoch = serializers.CharField()
    seq = serializers.IntegerField()
    recovered = serializers.BooleanField()
    events = serializers.ListField(child=serializers.DictField())
    gauges = serializers.DictField(allow_null=True)


class MeView(ApiView):
    before_password_change = True

    @extend_schema(operation_id="me", responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """我是谁。`topics`：我的动态主题；没登录答 401，并带上 CSRF cookie。"""
        get_token(request._request)  # whoever asks first can send an unsafe call next
        member: Member | None = request.member  # type: ignore[attr-defined]
        if member is None:
            return Response(
                {
                    "id": None,
                    "name": str(request.user),
                    "branch": None,
                    "posts_held": [],
                    "offices": [],
                    "topics": [],
                    "unread": 0,
                }
            )
        own = standing(member)
        return Response(
            {
                "id": member.pk,
                "name": member.name,
                "branch": _named(own.branch),
                "posts_held": [
                    {
                        "post": held.post,
                        "name": str(Post(held.post).label),
                        "organization": _named(held.organization),
                    }
                    for held in own.posts
                ],
                "offices": [
                    {
                        "kind": held.kind,
                        "name": str(OfficeKind(held.kind).label),
                        "organization": _named(held.organization),
                    }
                    for held in own.offices
                ],
                "topics": queries.feed_topics(member),
                "unread": queries.unread_replies(member.pk),
            }
        )


class RepliesView(MemberView):
    @extend_schema(operation_id="replies", parameters=[CURSOR], responses=RepliesSerializer)
    def get(self, request: Request) -> Response:
        """回复我的评论，和我的动态下的评论，新的在前。"""
        rows, key = queries.replies(self.member, after=self.after("replies"))
        results = [
            row.comment.as_json()
            | {
                "notice": row.id,
                "post": {"id": row.comment.post_id, "text": row.post_text},
                "read": row.is_read,
            }
            for row in rows
        ]
        return Response({"results": results, "next": self.page("replies", key)})


class RepliesReadView(MemberView):
    @extend_schema(
        operation_id="replies_read",
        request=ReadUpTo,
        responses=inline_serializer("Unread", {"unread": serializers.IntegerField()}),
    )
    def post(self, request: Request) -> Response:
        """把回复记为已读：到 `up_to`（`notice`）为止，或者全部。"""
        services.mark_replies_read(member=self.member, **self.content(ReadUpTo))
        return Response({"unread": queries.unread_replies(self.member.pk)})


class EventsView(ApiView):
    @extend_schema(
        operation_id="events",
        parameters=[
            OpenApiParameter("topic", str, required=True),
            OpenApiParameter("since", {"type": "integer", "format": "int64", "minimum": 0}),
            OpenApiParameter("epoch", str),
        ],
        responses=EventsSerializer,
    )
    def get(self, request: Request) -> Response:
        """一个主题在 `since` 之后的事件和现在的数字：给连不上 WebSocket 的客户端。"""
        topic = request.query_params.get("topic", "")
        if not topic:
            raise Problem(400, "bad_parameter", _("请写明 topic，比如 post:42。"))
        person: Any = request.user.pk
        try:
            events = rest.events(
                person=person,
                topic=topic,
                since=number(request, "since"),
                epoch=request.query_params.get("epoch") or None,
            )
        except rest.NotFound:
            raise not_found() from None
        return Response(events)


def _named(organization: Organization) -> dict[str, Any]:
    return {"id": organization.pk, "name": str(organization)}
