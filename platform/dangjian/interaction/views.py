"""Pages of 互动: the feed, a post and its talk, writing, and what moderators look at."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Final
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dangjian.api import idempotency, paging
from dangjian.api.problems import Problem, forbidden, not_found
from dangjian.interaction import access, photos, queries, services, views_buffer
from dangjian.interaction.cards import acts, cards, likers, standing_to
from dangjian.interaction.forms import CommentForm, PostForm, ReasonForm, tell
from dangjian.interaction.models import (
    COMMENT_MAX_LENGTH,
    PHOTOS_PER_POST,
    POST_MAX_LENGTH,
    Comment,
    Post,
    PostKind,
    Report,
    Visibility,
)
from dangjian.interaction.rows import CommentRow
from dangjian.organizations.access import standing
from dangjian.organizations.models import Member, OfficeKind
from dangjian.ui.templatetags.ui import moment
from realtime import outbox

THREAD_SIZE: Final = 50
CARDS_AT_ONCE: Final = 20

# key of the address → (word, arguments of `queries.feed`)
TABS: Final[dict[str, tuple[Any, dict[str, str]]]] = {
    "": (gettext_lazy("全区"), {}),
    "branch": (gettext_lazy("本支部"), {"scope": "branch"}),
    "branch_news": (gettext_lazy("支部动态"), {"kind": PostKind.BRANCH_NEWS}),
    "snapshot": (gettext_lazy("随手拍"), {"kind": PostKind.SNAPSHOT}),
}

Page = Callable[..., HttpResponse]


def for_members(view: Page) -> Page:
    """The page gets the reader as its second argument; an account that is no member's is told so."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        member: Member | None = request.member  # type: ignore[attr-defined]
        if member is None:
            raise forbidden(_("这里只对本地区的党员开放。"))
        return view(request, member, *args, **kwargs)

    return page


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return redirect("feed")


# --- the feed ------------------------------------------------------------------------------------------------------


@never_cache
@require_safe
@for_members
def feed(request: HttpRequest, member: Member) -> HttpResponse:
    """Also its further pages: asked for by htmx they are the cards alone."""
    tab = request.GET.get("tab", "")
    if tab not in TABS:
        raise not_found()
    which = f"page.feed:{tab}"
    page = queries.feed(member, after=paging.unseal(which, request.GET.get("cursor", "")), **TABS[tab][1])
    context: dict[str, Any] = {
        "cards": cards(request, page.posts, member),
        "next": paging.next_path(request, paging.seal(which, page.next) if page.next else None),
    }
    if request.htmx and request.GET.get("cursor"):  # type: ignore[attr-defined]
        return render(request, "interaction/cards.html", context)
    own = standing(member)
    context |= {
        "tab": tab,
        "feed_tabs": [(key, word) for key, (word, _arguments) in TABS.items()],
        "live": page.live,
        "standing": own,
        "moderates": bool(own.paths_of(OfficeKind.OFFICER, OfficeKind.MODERATOR)),
    }
    return render(request, "interaction/feed.html", context)


@never_cache
@require_safe
@for_members
def feed_cards(request: HttpRequest, member: Member) -> HttpResponse:
    """The cards of the posts in `ids` (comma-separated, at most twenty) that the reader may see, newest first."""
    try:
        ids = [int(each) for each in request.GET.get("ids", "").split(",") if each][:CARDS_AT_ONCE]
    except ValueError:
        raise not_found() from None
    return render(
        request, "interaction/cards.html", {"cards": cards(request, queries.some(member, ids), member)}
    )


# --- a post --------------------------------------------------------------------------------------------------------


@never_cache
@require_safe
@for_members
def post(request: HttpRequest, member: Member, pk: int) -> HttpResponse:
    """`comment`: show the thread at least down to that one. `reply`: begin an answer to that one."""
    topics = [f"post:{pk}", *queries.feed_topics(member)]
    live = outbox.heads(topics)
    found = access.readable_post(member, pk)
    if not request.GET.get("cursor"):
        views_buffer.add(post=found, member=member)
    return _post_page(request, member, found, CommentForm(initial=_reply_wanted(request)), live=live)


def _post_page(
    request: HttpRequest,
    member: Member,
    found: Post,
    form: CommentForm,
    *,
    live: queries.Live,
    status: int = 200,
) -> HttpResponse:
    which = f"page.comments:{found.pk}"
    down_to = _number(request.GET.get("comment"))
    size = max(THREAD_SIZE, queries.place_in_thread(down_to) if down_to else 0)
    thread = queries.thread(found.pk, after=paging.unseal(which, request.GET.get("cursor", "")), size=size)
    row = queries.post(found.pk, reader_id=member.pk)
    context = {
        "post": row,
        "comments": thread.comments,
        "next": f"{request.path}?cursor={paging.seal(which, thread.next)}" if thread.next else None,
        "editable_since": timezone.now() - services.EDIT_COMMENT_WITHIN,
        "may_moderate": access.may_moderate(member, found),
    }
    if request.htmx and request.GET.get("cursor"):  # type: ignore[attr-defined]
        return render(request, "interaction/comments.html", context)
    answered = _number(form["reply_to"].value())
    context |= {
        "form": form,
        "key": form["key"].value() or uuid.uuid4(),
        "answered": next((each for each in thread.comments if each.id == answered), None),
        "nobodys": _BLANK,
        "live": [head for head in live if head["topic"] in {f"post:{found.pk}", services.feed_topic(found)}],
        "longest": COMMENT_MAX_LENGTH,
        "when": moment(row.created_at),
        "acts": acts(row, get_token(request)),
        "likers": likers(row),
        **standing_to(row, member, standing(member).paths_of(OfficeKind.OFFICER, OfficeKind.MODERATOR)),
    }
    return render(request, "interaction/post.html", context, status=status)


# What the page's scripts copy for a comment that arrives.
_BLANK: Final = CommentRow(
    id=0, post_id=0, text="", version=0, author_id=0, author_name="", branch_id=0, branch_name="",
    reply_to_id=None, reply_to_author_id=None, reply_to_author_name=None, created_at=datetime(2020, 1, 1, tzinfo=UTC),
    edited_at=None, is_deleted=False, hidden_by=None, hidden_reason="",
)  # fmt: skip


def _reply_wanted(request: HttpRequest) -> dict[str, Any]:
    return {"reply_to": _number(request.GET.get("reply"))}


def _number(given: Any) -> int | None:
    text = str(given or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


@require_POST
@for_members
def like(request: HttpRequest, member: Member, pk: int) -> HttpResponse:
    """`liked`: 1 or 0. Back to where the button was."""
    found = access.readable_post(member, pk)
    if request.POST.get("liked") == "1":
        services.like(post=found, member=member)
    else:
        services.unlike(post=found, member=member)
    return HttpResponseRedirect(f"{_back(request, reverse('feed'))}#post-{pk}")


@require_POST
@for_members
def comment_add(request: HttpRequest, member: Member, pk: int) -> HttpResponse:
    live = outbox.heads([f"post:{pk}", *queries.feed_topics(member)])
    found = access.readable_post(member, pk)
    form = CommentForm(request.POST)
    if form.is_valid():
        try:
            made = _once(request, form, lambda: services.add_comment(
                post=found,
                author=member,
                text=form.cleaned_data["text"],
                reply_to=form.cleaned_data["reply_to"],
            ).pk)  # fmt: skip
            return HttpResponseRedirect(f"{reverse('post', args=[pk])}?comment={made}#c{made}")
        except Problem as problem:
            tell(form, problem)
    return _post_page(request, member, found, form, live=live, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def comment_edit(request: HttpRequest, member: Member, pk: int, comment: int) -> HttpResponse:
    found = access.readable_comment(member, pk, comment)
    access.check_author(member, found.author_id, _("只有作者能修改这条评论。"))
    form = CommentForm(request.POST if request.method == "POST" else None, initial={"text": found.text})
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_comment(comment=found, by=member, text=form.cleaned_data["text"])
            return _to_comment(found)
        except Problem as problem:
            tell(form, problem)
            status = problem.status
    context = {
        "form": form,
        "comment": found,
        "back": _comment_path(found),
        "longest": COMMENT_MAX_LENGTH,
        "until": found.created_at + services.EDIT_COMMENT_WITHIN,
    }
    return render(request, "interaction/comment_edit.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def comment_delete(request: HttpRequest, member: Member, pk: int, comment: int) -> HttpResponse:
    found = access.readable_comment(member, pk, comment)
    access.check_author(member, found.author_id, _("只有作者能删除这条评论。"))
    if request.method == "POST":
        services.delete_comment(comment=found, by=member)
        return _to_comment(found)
    return _asked(
        request,
        title=_("删除这条评论？"),
        said=_("原来的位置会留一行“这条评论已由作者删除”，内容不能恢复。"),
        quoted=found.text,
        act=_("删除评论"),
        stay=_("留着"),
        back=_comment_path(found),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def post_delete(request: HttpRequest, member: Member, pk: int) -> HttpResponse:
    found = access.readable_post(member, pk)
    access.check_author(member, found.author_id, _("只有作者能删除这条动态。"))
    if request.method == "POST":
        services.delete_post(post=found, by=member)
        messages.success(request, _("动态已经删除。"))
        return redirect("feed")
    count = found.counter.comments
    return _asked(
        request,
        title=_("删除这条动态？"),
        said=_("%(count)s 条评论会一起删除，不能恢复。") % {"count": count}
        if count
        else _("删除以后不能恢复。"),
        quoted=found.text,
        act=_("删除动态"),
        stay=_("留着"),
        back=reverse("post", args=[pk]),
    )


# --- reports and moderation ----------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def report(request: HttpRequest, member: Member, pk: int, comment: int | None = None) -> HttpResponse:
    found = access.readable_post(member, pk)
    about = access.readable_comment(member, pk, comment) if comment is not None else None

    def act(reason: str) -> None:
        services.report(post=found, by=member, comment=about, reason=reason)
        messages.success(request, _("已经转给内容管理员，处理以前大家仍然看得到。"))

    return _with_reason(
        request,
        act,
        title=_("举报这条评论") if about else _("举报这条动态"),
        said=_("只有内容管理员会看到是谁举报的、为什么。"),
        quoted=(about or found).text,
        label=_("哪里不合适"),
        act_word=_("交给管理员"),
        back=_comment_path(about) if about else reverse("post", args=[pk]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def hide(request: HttpRequest, member: Member, pk: int, comment: int | None = None) -> HttpResponse:
    found = access.moderated_post(member, pk)
    about = access.readable_comment(member, pk, comment) if comment is not None else None

    def act(reason: str) -> None:
        if about is not None:
            services.hide_comment(comment=about, by=member, reason=reason)
        else:
            services.hide_post(post=found, by=member, reason=reason)
        messages.success(request, _("已经隐藏，作者和读者看得到是谁、为什么。"))

    return _with_reason(
        request,
        act,
        title=_("隐藏这条评论") if about else _("隐藏这条动态"),
        said=_("隐藏以后别人看不到内容，只看得到你的名字和原因；会记入操作记录。"),
        quoted=(about or found).text,
        label=_("原因"),
        act_word=_("隐藏"),
        back=_comment_path(about) if about else reverse("post", args=[pk]),
        onward=None if about else reverse("reports"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def unhide(request: HttpRequest, member: Member, pk: int, comment: int | None = None) -> HttpResponse:
    found = access.moderated_post(member, pk)
    about = access.readable_comment(member, pk, comment) if comment is not None else None

    def act(reason: str) -> None:
        if about is not None:
            services.unhide_comment(comment=about, by=member, reason=reason)
        else:
            services.unhide_post(post=found, by=member, reason=reason)
        messages.success(request, _("已经恢复，大家又看得到了。"))

    return _with_reason(
        request,
        act,
        title=_("恢复这条评论") if about else _("恢复这条动态"),
        said=access.hidden_sentence(about or found),
        quoted=(about or found).text,
        label=_("为什么恢复"),
        act_word=_("恢复"),
        back=reverse("reports"),
        onward=_comment_path(about) if about else reverse("post", args=[pk]),
    )


@never_cache
@require_safe
@for_members
def reports(request: HttpRequest, member: Member) -> HttpResponse:
    """What members reported, and what is hidden, within what the reader moderates."""
    _check_moderates(member)
    context = {
        "heading": _("举报"),
        "reports": queries.open_reports(member)[:100],
        "hidden": queries.hidden_posts(member)[:50],
    }
    return render(request, "interaction/reports.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def report_settle(request: HttpRequest, member: Member, pk: int, outcome: str) -> HttpResponse:
    """outcome: hide or keep."""
    _check_moderates(member)
    found = queries.open_reports(member).filter(pk=pk).first()
    if found is None:
        raise not_found()
    hiding = outcome == "hide"

    def act(reason: str) -> None:
        services.settle_report(report=found, by=member, hide=hiding, reason=reason)
        messages.success(request, _("已经隐藏。") if hiding else _("已经记下：没有问题，继续显示。"))

    return _with_reason(
        request,
        act,
        title=_reported(found, hiding),
        said=_("隐藏以后别人看不到内容，只看得到你的名字和原因；会记入操作记录。")
        if hiding
        else _("举报会结案，内容继续显示；会记入操作记录。"),
        quoted=(found.comment or found.post).text,
        label=_("原因"),
        act_word=_("隐藏") if hiding else _("保留"),
        back=reverse("reports"),
    )


def _reported(found: Report, hiding: bool) -> str:
    if found.comment is not None:
        return _("隐藏这条评论") if hiding else _("保留这条评论")
    return _("隐藏这条动态") if hiding else _("保留这条动态")


def _check_moderates(member: Member) -> None:
    if not standing(member).paths_of(OfficeKind.OFFICER, OfficeKind.MODERATOR):
        raise forbidden(_("这一页只有内容管理员能看。需要的话，找区委组织部开通。"))


# --- writing -------------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def post_new(request: HttpRequest, member: Member) -> HttpResponse:
    initial = {
        "kind": request.GET.get("kind") or PostKind.SNAPSHOT,
        "visibility": Visibility.DISTRICT,
        "key": uuid.uuid4(),
    }
    form = PostForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        content = form.cleaned_data

        def write() -> int:
            taken = _kept(request) + [
                photos.keep(owner=member, file=file).pk for file in request.FILES.getlist("photos")
            ]
            return services.create_post(
                author=member,
                kind=content["kind"] or PostKind.SNAPSHOT,
                text=content["text"],
                visibility=content["visibility"] or Visibility.DISTRICT,
                photos=taken,
            ).pk

        try:
            return redirect("post", _once(request, form, write))
        except Problem as problem:
            tell(form, problem)
            return _composer(request, member, form, status=problem.status)
    return _composer(request, member, form, status=422 if form.is_bound else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def post_edit(request: HttpRequest, member: Member, pk: int) -> HttpResponse:
    found = access.readable_post(member, pk)
    access.check_author(member, found.author_id, _("只有作者能修改这条动态。"))
    initial = {
        "kind": found.kind, "text": found.text, "visibility": found.visibility, "version": found.version,
    }  # fmt: skip
    form = PostForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        content = form.cleaned_data
        try:
            with outbox.atomic():
                added = [photos.keep(owner=member, file=file).pk for file in request.FILES.getlist("photos")]
                services.edit_post(
                    post=found,
                    by=member,
                    version=content["version"],
                    text=content["text"],
                    visibility=content["visibility"] or None,
                    photos=_kept(request) + added,
                )
            return redirect("post", pk)
        except Problem as problem:
            tell(form, problem)
            return _composer(request, member, form, editing=found, status=problem.status)
    return _composer(request, member, form, editing=found, status=422 if form.is_bound else 200)


def _composer(
    request: HttpRequest, member: Member, form: PostForm, *, editing: Post | None = None, status: int = 200
) -> HttpResponse:
    branch = standing(member).branch
    committee = access.audience(branch, Visibility.COMMITTEE)
    choices = [(Visibility.DISTRICT, _("全区党员"))]
    if committee is not None:
        choices.append((Visibility.COMMITTEE, committee.short_name or committee.name))
    choices.append((Visibility.BRANCH, _("仅本支部")))
    context = {
        "form": form,
        "key": form["key"].value() or uuid.uuid4(),
        "editing": editing,
        "existing": queries.post(editing.pk).photos if editing is not None else [],
        "visibilities": choices,
        "kinds": [(kind.value, kind.label) for kind in PostKind if access.may_post(member, kind)],
        "longest": POST_MAX_LENGTH,
        "most_photos": PHOTOS_PER_POST,
        "back": reverse("post", args=[editing.pk]) if editing is not None else reverse("feed"),
    }
    return render(request, "interaction/composer.html", context, status=status)


def _kept(request: HttpRequest) -> list[int]:
    """The ids of photos that are there already, in their order."""
    return [pk for each in request.POST.getlist("kept") if (pk := _number(each)) is not None]


# --- steps ---------------------------------------------------------------------------------------------------------


def _once(request: HttpRequest, form: PostForm | CommentForm, write: Callable[[], int]) -> int:
    """The id `write` returns; a form that arrives twice is written once."""
    key = form.cleaned_data["key"]
    if key is None:
        return write()
    content = {name: value for name, value in request.POST.lists() if name != "csrfmiddlewaretoken"}
    files = [[file.name, file.size] for file in request.FILES.getlist("photos")]
    answer = idempotency.once(
        user_id=request.user.pk or 0,
        path=request.path,
        key=str(key),
        digest=idempotency.digest_of([content, files]),
        run=lambda: (201, write()),
    )
    return int(answer.body)


def _asked(request: HttpRequest, **context: Any) -> HttpResponse:
    return render(request, "interaction/asked.html", context)


def _with_reason(
    request: HttpRequest,
    act: Callable[[str], None],
    *,
    back: str,
    onward: str | None = None,
    act_word: str,
    **context: Any,
) -> HttpResponse:
    """Asks for a reason and acts with it; `onward`: where to afterwards, if not `back`."""
    form = ReasonForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            act(form.cleaned_data["reason"])
            return HttpResponseRedirect(onward or back)
        except Problem as problem:
            if problem.status == 404:
                raise
            tell(form, problem)
            status = problem.status
    shown = context | {"form": form, "act": act_word, "back": back, "longest": services.REASON_MAX_LENGTH}
    return render(request, "interaction/with_reason.html", shown, status=status)


def _comment_path(comment: Comment) -> str:
    return f"{reverse('post', args=[comment.post_id])}?comment={comment.pk}#c{comment.pk}"


def _to_comment(comment: Comment) -> HttpResponse:
    return HttpResponseRedirect(_comment_path(comment))


def _back(request: HttpRequest, otherwise: str) -> str:
    """The page of ours the request came from, without its fragment."""
    parts = urlsplit(request.headers.get("Referer", ""))
    if parts.netloc != request.get_host():
        return otherwise
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
