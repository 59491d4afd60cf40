"""What a refused request is told: problem details (RFC 9457), in the reader's language.

Services raise `Problem` too, so that a page and the API refuse in the same words; a page shows `detail` and `errors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one part of the content.

    pointer: a JSON pointer into the body (``/text``, ``/photos/2``; empty: the whole). code: for programs, stable.
    detail: a sentence for the person, which says what to change.
    """

    pointer: str
    code: str
    detail: str


class Problem(Exception):
    """A request is refused.

    status: the HTTP status. code: for programs, stable. detail: a sentence for the person. more: further members of
    the problem details, for programs.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Iterable[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.more = dict(more or {})

    def as_json(self) -> dict[str, Any]:
        """``{type, title, status, code, detail}``, and ``errors`` when parts of the content are at fault."""
        body: dict[str, Any] = {
            **self.more,
            "type": "about:blank",
            "title": _title(self.status),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = [asdict(error) for error in self.errors]
        return body


def refused(*errors: FieldError) -> Problem:
    """422: the content cannot be taken as it is; the first error is the summary."""
    return Problem(422, "refused", errors[0].detail, errors=errors)


def refused_form(form: Form) -> Problem:
    """422: what a form found wrong, each with the field of that name."""
    return refused(
        *(
            FieldError("" if name == "__all__" else f"/{name}", each.code or "invalid", str(each.messages[0]))
            for name, errors in form.errors.as_data().items()
            for each in errors
        )
    )


def not_found() -> Problem:
    """404, for what does not exist and for what the reader may not see alike."""
    return Problem(404, "not_found", _("这里没有你要找的内容，可能已经删除，或者不在你能看到的范围里。"))


def forbidden(detail: str) -> Problem:
    """403: the person sees the thing and may not do this to it."""
    return Problem(403, "forbidden", detail)


def handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's exception handler; None for what is nobody's fault but ours."""
    problem = _problem(error)
    if problem is None:
        return None
    return Response(
        problem.as_json(), status=problem.status, headers=problem.headers, content_type=CONTENT_TYPE
    )


def respond(problem: Problem) -> JsonResponse:
    """The same outside REST framework's views."""
    return JsonResponse(
        problem.as_json(),
        status=problem.status,
        headers=problem.headers,
        content_type=CONTENT_TYPE,
        json_dumps_params={"ensure_ascii": False},
    )


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """``handler404``: problem details below ``/api/``, the page elsewhere."""
    if request.path.startswith("/api/"):
        return respond(not_found())
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """``handler500``, likewise."""
    if request.path.startswith("/api/"):
        return respond(Problem(500, "server_error", _("我们这边出了错，已经记下。请过一会儿再试一次。")))
    return defaults.server_error(request)


def _problem(error: Exception) -> Problem | None:
    match error:
        case Problem():
            return error
        case exceptions.ValidationError():
            return refused(*_field_errors(error.get_full_details(), ""))
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            challenge = getattr(error, "auth_header", None) or "Session"
            return Problem(401, "not_signed_in", _("请先登录。"), headers={"WWW-Authenticate": challenge})
        case exceptions.Throttled():
            wait = max(1, int(getattr(error, "wait", None) or 1))
            detail = _("操作太快了，请等 %(seconds)s 秒再试。") % {"seconds": wait}
            return Problem(429, "too_fast", detail, headers={"Retry-After": str(wait)})
        case Http404() | exceptions.NotFound():
            return not_found()
        case PermissionDenied():
            return forbidden(_("你没有做这件事的权限。"))
        case exceptions.APIException():
            return _of_framework(error)
        case RequestDataTooBig():
            return Problem(413, "too_large", _("请求的内容太大了。"))
        case SuspiciousOperation() | MultiPartParserError():
            return Problem(400, "malformed", _("请求的内容读不懂，请检查格式。"))
    return None


def _of_framework(error: exceptions.APIException) -> Problem:
    code = error.get_codes()
    status = error.status_code
    name = {400: "malformed", 403: "forbidden"}.get(status, code if isinstance(code, str) else "refused")
    return Problem(status, name, str(error.detail))


def _field_errors(details: Any, pointer: str) -> Iterator[FieldError]:
    if isinstance(details, Mapping) and {"message", "code"} == details.keys():
        yield FieldError(pointer, str(details["code"]), str(details["message"]))
    elif isinstance(details, Mapping):
        for name, inner in details.items():
            escaped = str(name).replace("~", "~0").replace("/", "~1")
            yield from _field_errors(inner, pointer if name == "non_field_errors" else f"{pointer}/{escaped}")
    else:
        for inner in details:
            yield from _field_errors(inner, pointer)


def _title(status: int) -> str:
    titles = {
        400: _("请求的格式不对"),
        401: _("需要登录"),
        403: _("没有权限"),
        404: _("没有找到"),
        405: _("这里不能这样做"),
        406: _("给不出这种格式"),
        409: _("上一次还没有做完"),
        412: _("内容已经被改过"),
        413: _("太大了"),
        415: _("不认识的格式"),
        422: _("内容需要修改"),
        428: _("缺少版本"),
        429: _("操作太快"),
        500: _("出错了"),
        503: _("暂时不能用"),
    }
    return titles.get(status) or _("没能完成")
