"""Signing in and out by API."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from dangjian.api.authentication import enforce_csrf
from dangjian.api.permissions import IsSignedIn
from dangjian.api.problems import Problem
from dangjian.identity import services
from dangjian.identity.providers import provider
from dangjian.identity.words import expired, locked, wrong


class CredentialsSerializer(serializers.Serializer):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1000, trim_whitespace=False, write_only=True)


class SignedInSerializer(serializers.Serializer):
    name = serializers.CharField()
    must_change_password = serializers.BooleanField()


class SessionView(APIView):
    before_password_change = True

    def get_permissions(self) -> list[BasePermission]:
        return [AllowAny() if self.request.method == "POST" else IsSignedIn()]

    def get_throttles(self) -> list[BaseThrottle]:
        # Whoever wants out gets out, however fast they were before.
        return [] if self.request.method == "DELETE" else super().get_throttles()

    @extend_schema(
        operation_id="session_create",
        request=CredentialsSerializer,
        responses={
            200: SignedInSerializer,
            404: OpenApiResponse(description=_("账号在登录服务那里：到 sign_in 所指的页面登录")),
            401: OpenApiResponse(description=_("账号和密码对不上")),
            429: OpenApiResponse(description=_("错得太多，锁定中；Retry-After")),
        },
    )
    def post(self, request: Request) -> Response:
        if not provider().keeps_passwords:
            address = reverse("oidc-login")
            detail = str(_("这里不收密码，请打开 %(address)s 登录。") % {"address": address})
            raise Problem(404, "sign_in_elsewhere", detail, more={"sign_in": address})
        enforce_csrf(request._request)
        credentials = CredentialsSerializer(data=request.data)
        credentials.is_valid(raise_exception=True)
        try:
            user = services.sign_in(request=request._request, **credentials.validated_data)
        except services.WrongPassword as refusal:
            raise Problem(
                401, "wrong_password", wrong(refusal.left), headers={"WWW-Authenticate": "Session"}
            ) from None
        except services.LockedOut as refusal:
            raise Problem(
                429,
                "locked_out",
                locked(refusal.seconds, by_address=refusal.by_address),
                headers={"Retry-After": str(refusal.seconds)},
            ) from None
        except services.PasswordExpired:
            said = expired(is_centre=request._request.district.is_centre)  # type: ignore[attr-defined]
            raise Problem(401, "password_expired", said, headers={"WWW-Authenticate": "Session"}) from None
        return Response(SignedInSerializer(user).data)

    @extend_schema(operation_id="session_destroy", request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        services.sign_out(request=request._request)
        return Response(status=204)
