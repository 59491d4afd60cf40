"""What the product's REST views have in common."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.views.decorators.http import conditional_page
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dangjian.api.parsers import JSONParser, too_large
from dangjian.api.problems import Problem

_LARGEST_ID = 2**63 - 1


class ApiView(APIView):
    """JSON in, JSON out; reads carry a tag and answer 304; an oversized body is refused before it is read."""

    parser_classes = [JSONParser]
    max_body_bytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        view = super().as_view(**initkwargs)
        return conditional_page(view)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # First of all: checking the token against forgery already reads a form's body.
        if _length(request) > self.max_body_bytes:
            raise too_large(self.max_body_bytes)
        super().initial(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(response, Response) and "Cache-Control" not in response:
            response["Cache-Control"] = "private, no-cache"
        return response


def choice(request: Request, name: str, options: Collection[str], default: str) -> str:
    """A query parameter that is one of `options`.

    Raises:
        Problem: 400, naming them.
    """
    value = request.query_params.get(name) or default
    if value not in options and value != default:
        allowed = "、".join(sorted(options))
        detail = _("参数 %(name)s 只能是：%(options)s。") % {"name": name, "options": allowed}
        raise Problem(400, "bad_parameter", detail)
    return value


def number(request: Request, name: str) -> int | None:
    """A query parameter that is a whole number from 0; None when it is not given.

    Raises:
        Problem: 400.
    """
    value = request.query_params.get(name)
    if value is None or value == "":
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 20 and int(value) <= _LARGEST_ID):
        raise Problem(400, "bad_parameter", _("参数 %(name)s 应该是一个整数。") % {"name": name})
    return int(value)


def _length(request: Request) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
