"""The feed's cards: what all readers share comes from the cache, what is one reader's is filled in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from dangjian.interaction.fragments import fill, render_cards, slots
from dangjian.interaction.rows import PostRow
from dangjian.organizations.access import standing
from dangjian.organizations.models import Member, OfficeKind
from dangjian.ui.templatetags.ui import count, icon, moment

TALK_SHOWN: Final = 3
_ACTS: Final = (
    "token", "press", "pressed",
    "likes", "likes_shown", "comments", "comments_shown", "views", "views_shown",
)  # fmt: skip
_SLOTS: Final = slots("moment", "menu", "notice", "talk", *_ACTS)


def cards(request: HttpRequest, posts: Sequence[PostRow], member: Member) -> list[SafeString]:
    """The posts as the feed shows them to `member`."""
    moderated = standing(member).paths_of(OfficeKind.OFFICER, OfficeKind.MODERATOR)
    frame = partial(_frame, branch_id=member.branch_id)
    token = get_token(request)
    return [
        fill(card.body, _values(card.post, card.talk, member, moderated, token))
        for card in render_cards(posts, frame, _talk, branch_id=member.branch_id)
    ]


def standing_to(post: PostRow, member: Member, moderated: tuple[str, ...]) -> dict[str, bool]:
    """How `member`, who moderates below the organisation paths `moderated`, stands to the post."""
    return {
        "own": post.author_id == member.pk,
        "own_branch": post.branch_id == member.branch_id,
        "moderates": bool(moderated) and post.branch_path.startswith(moderated),
    }


def acts(post: PostRow, token: str) -> dict[str, str]:
    """What acts.html shows of the post to its reader."""
    return {
        "token": token,
        "press": "0" if post.liked else "1",
        "pressed": "true" if post.liked else "false",
        "likes": str(post.like_count),
        "likes_shown": count(post.like_count),
        "comments": str(post.comment_count),
        "comments_shown": count(post.comment_count),
        "views": str(post.view_count),
        "views_shown": count(post.view_count),
    }


def likers(post: PostRow) -> SafeString:
    """The line that names who liked it last; empty when nobody did."""
    if not post.likers:
        return mark_safe("")
    names = format_html_join(_("、"), "<b>{}</b>", ((name,) for name in post.likers))
    if post.like_count > len(post.likers):
        liked = _("等 %(number)s 人觉得很赞") % {"number": count(post.like_count)}
    else:
        liked = _("觉得很赞")
    return format_html('<p class="dj-talk-likes">{}<span>{} {}</span></p>', icon("thumb"), names, liked)


def _frame(post: PostRow, *, branch_id: int) -> str:
    context = {"post": post, "own_branch": post.branch_id == branch_id, "when": _SLOTS["moment"]}
    return render_to_string("interaction/card.html", {**context, "slots": _SLOTS, "acts": _SLOTS})


def _talk(post: PostRow) -> str:
    return render_to_string("interaction/card_talk.html", {"post": post})


def _values(
    post: PostRow, talk: SafeString, member: Member, moderated: tuple[str, ...], token: str
) -> Mapping[str, str]:
    holds = standing_to(post, member, moderated)
    menu = [word for word, has in (("own", holds["own"]), ("moderates", holds["moderates"])) if has]
    return {
        "moment": moment(post.created_at),
        "menu": " ".join(menu),
        "notice": _hidden_notice(post),
        "talk": _talk_block(post, talk),
        **acts(post, token),
    }


def _hidden_notice(post: PostRow) -> SafeString:
    """To its author, the only one who is shown a hidden post at all: by whom it was hidden, and why."""
    if post.hidden_by is None:
        return mark_safe("")
    words = {"name": post.hidden_by, "reason": post.hidden_reason}
    return format_html(
        '<div class="dj-banner dj-banner-due dj-banner-inset">{}<div>{}</div></div>',
        icon("na"),
        _("这条动态已由%(name)s隐藏，原因：%(reason)s。别人已经看不到。") % words,
    )


def _talk_block(post: PostRow, talk: SafeString) -> SafeString:
    if not talk and not post.likers:
        return mark_safe("")
    everything: str = ""
    if post.comment_count > TALK_SHOWN:
        everything = format_html(
            '<a class="dj-talk-all" href="{}#comments">{}</a>',
            reverse("post", args=[post.id]),
            _("查看全部 %(number)s 条评论") % {"number": count(post.comment_count)},
        )
    return format_html('<div class="dj-talk">{}{}{}</div>', likers(post), talk, everything)
