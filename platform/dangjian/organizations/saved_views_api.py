"""Views of the list of members, kept under a name: the same as on its page."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dangjian.api.idempotency import idempotent
from dangjian.api.schema import IDEMPOTENCY_KEY
from dangjian.api.views import ApiView
from dangjian.organizations import member_list
from dangjian.organizations.api import reader_of
from dangjian.organizations.models import SavedView


class SavedViewSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(allow_blank=True, trim_whitespace=False)
    query = serializers.CharField(
        allow_blank=True,
        help_text="filters and columns of the list's address, as in `sex=male&columns=phone`",
    )


class SavedViewPageSerializer(serializers.Serializer[Any]):
    results = SavedViewSerializer(many=True)
    next: Any = serializers.CharField(allow_null=True, help_text="always null: they are few")


class SavedViewsView(ApiView):
    @extend_schema(operation_id="saved_views_list", responses={200: SavedViewPageSerializer})
    def get(self, request: Request) -> Response:
        """党员名单里自己保存的视图，按名字。"""
        reader = member_list.desk_of(reader_of(request)).reader
        views = SavedView.objects.filter(member=reader).order_by("name")
        return Response({"results": SavedViewSerializer(views, many=True).data, "next": None})

    @extend_schema(
        operation_id="saved_view_keep",
        parameters=[IDEMPOTENCY_KEY],
        request=SavedViewSerializer,
        responses={201: SavedViewSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """保存一个视图；同名的换成新的。"""
        reader = member_list.desk_of(reader_of(request)).reader
        serializer = SavedViewSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        kept = member_list.keep_view(member=reader, **serializer.validated_data)
        return Response(SavedViewSerializer(kept).data, status=201)


class SavedViewView(ApiView):
    @extend_schema(operation_id="saved_view_forget", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """删除自己的一个视图。"""
        member_list.forget_view(member=reader_of(request), pk=pk)
        return Response(status=204)
