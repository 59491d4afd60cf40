"""Contacts by API: what the contacts page shows, with the same numbers."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dangjian.api.problems import Problem, not_found
from dangjian.api.views import ApiView, number
from dangjian.organizations import contacts
from dangjian.organizations.api import BranchSerializer, reader_of


class ContactSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    branch = serializers.CharField()
    posts = serializers.ListField(child=serializers.CharField())
    phone = serializers.CharField(
        source="shown", allow_blank=True, help_text="masked where it may not be rung, empty where not seen"
    )
    dial = serializers.CharField(allow_blank=True, help_text="for tel:; empty where it may not be rung")


class LetterSerializer(serializers.Serializer[Any]):
    letter = serializers.CharField(help_text="A to Z, or # for names that begin with none")
    contacts = ContactSerializer(many=True)


class ContactsSerializer(serializers.Serializer[Any]):
    branch: Any = BranchSerializer(allow_null=True, help_text="null when they were looked for by name")
    letters = LetterSerializer(many=True)


class ContactsView(ApiView):
    @extend_schema(
        operation_id="contacts_list",
        parameters=[
            OpenApiParameter("branch", int, description="one of an officer's branches; one's own without it"),
            OpenApiParameter(
                "q", str, description="part of a name, among all the reader may see; at most 50"
            ),
        ],
        responses={200: ContactsSerializer},
    )
    def get(self, request: Request) -> Response:
        """通讯录：本支部（管理员可选支部），按姓氏首字母；或者按姓名找。"""
        reader, pk = reader_of(request), number(request, "branch")
        text = request.query_params.get("q", "").replace("\0", "").strip()[:50]
        if text and pk is not None:
            raise Problem(400, "bad_parameter", _("参数 branch 和 q 只能用一个。"))
        if text:
            letters, branch = contacts.by_letter(contacts.named(reader, text)), None
        else:
            choices = [reader.branch, *contacts.branches(reader)] if pk is not None else [reader.branch]
            branch = next((each for each in choices if pk in (None, each.pk)), None)
            if branch is None:
                raise not_found()
            letters = contacts.of_branch(reader, branch)
        return Response(ContactsSerializer({"branch": branch, "letters": letters}).data)
