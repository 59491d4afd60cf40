"""Who may open what: the one table of every URL of every host.

A row is one URL, one method, and what each visitor gets. `tests/contract/test_permissions.py` makes a test of each
cell and refuses a URL, or a method of one, that has no row.

Visitors on a district's host (the objects in the addresses belong to 金河社区第三网格党支部):

==============  =====================================================================================
anonymous       no session
member          李强, of that branch
secretary       王芳, secretary of that branch, author of its posts
officer         张伟, 组织部管理员 over the whole district
editor          刘娜, 信息员 over the whole district
moderator       何敏, 内容管理员 over the whole district
other           周杰, a member of another branch under another committee
sibling         赵敏 of 洛阳, with her own session's cookie, on 惠济's host
centre          陈静 of the centre, with her own session's cookie, on 惠济's host
foreign id      the officer, with an id that only 洛阳 has
==============  =====================================================================================

On the centre's host: ``anonymous``, ``centre`` (陈静) and ``sibling`` (张伟 of 惠济, with his cookie).

What a cell says: ``ok`` the answer is below 400 and no way to the sign-in; ``in`` sent to sign in (pages) or 401 (API);
a number, that status.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ALL = ("anonymous", "member", "secretary", "officer", "editor", "moderator", "other", "sibling", "centre")
OUTSIDE = ("anonymous", "sibling", "centre")
AT_THE_CENTRE = ("anonymous", "centre", "sibling")
Cell = str | int


@dataclass(frozen=True)
class Row:
    """`args` and `data` name things of the stage (`tests/contract/stage.py`) as ``@thing``; they may be in texts."""

    host: str
    url: str
    method: str
    cells: dict[str, Cell]
    args: dict[str, str] = field(default_factory=dict)
    data: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    query: str = ""
    foreign: Cell | None = None  # what the officer gets with an id of the sibling district; None: no id in it

    def __str__(self) -> str:
        return f"{self.host} {self.method} {self.url}"


def _cells(inside: Cell, outside: Cell, exceptions: dict[str, Cell]) -> dict[str, Cell]:
    return {visitor: exceptions.get(visitor, outside if visitor in OUTSIDE else inside) for visitor in ALL}


# An election the rules have nothing against: of two with a vote one is elected.
MINUTES = {
    "held_on": "@today", "document": "金三支〔2026〕3号", "committee": False, "seats": 1, "eligible": 2, "present": 2,
    "issued": 2, "returned": 2, "valid": 2, "invalid": 0,
    "candidates": [{"member": "@member", "votes": 2, "post": "secretary"}],
}  # fmt: skip
ELSEWHERE = MINUTES | {"candidates": [{"member": "@other_member", "votes": 2, "post": "secretary"}]}
FILLED_IN = {name: value for name, value in MINUTES.items() if name != "candidates"} | {
    "committee": "no", "stood-TOTAL_FORMS": 1, "stood-INITIAL_FORMS": 0, "stood-0-name": "李强", "stood-0-votes": 2,
    "stood-0-post": "secretary",
}  # fmt: skip


def district(url: str, method: str, inside: Cell = "ok", *, outside: Cell = "in", **more: Any) -> Row:
    """A URL of a district: `inside` for who is signed in there, `outside` for who is not, and exceptions by name."""
    exceptions = {name: more.pop(name) for name in ALL if name in more}
    return Row("district", url, method, _cells(inside, outside, exceptions), **more)


def central(url: str, method: str, *, centre: Cell = "ok", outside: Cell = "in", **more: Any) -> Row:
    return Row("central", url, method, {"anonymous": outside, "sibling": outside, "centre": centre}, **more)


# A post for the branch alone: its readers are the branch, and who holds an office over it.
BRANCH_POST = {"args": {"pk": "@branch_post"}, "other": 404, "foreign": 404}
BRANCH_COMMENT = {"args": {"pk": "@branch_post", "comment": "@comment"}, "other": 404, "foreign": 404}
HIDDEN_COMMENT = {"args": {"pk": "@branch_post", "comment": "@hidden_comment"}, "other": 404, "foreign": 404}

REASON = {"reason": "不合适"}
# A case of the branch: its secretary keeps it, the officer above answers, to the others it does not exist.
ADMISSION = {"args": {"pk": "@admission"}, "foreign": 404}

# The groups of the branch, with 李强 in one: everybody there sees them, its secretary and the officer arrange them.
BRANCH = {"args": {"pk": "@branch"}, "foreign": 404}
GROUP = {"args": {"pk": "@group"}, "foreign": 404}
GROUPS = {"version": "@groups_version", "reason": "支委会决定"}
GROUPS_FORM = {**GROUPS, "on": "@today"}

API: list[Row] = [
    district("api-session", "POST", outside="ok", data={"username": "liqiang", "password": "@password"}),
    district("api-session", "DELETE"),
    district("api-me", "GET"),
    district("api-replies", "GET"),
    district("api-replies-read", "POST", data={}),
    district("api-feed", "GET"),
    district("api-feed", "GET", query="scope=branch&kind=snapshot"),
    district("api-posts", "POST", data={"kind": "snapshot", "text": "花开了", "visibility": "branch"}),
    district(
        "api-posts", "POST", 403, secretary="ok", officer="ok", editor="ok",
        data={"kind": "branch_news", "text": "本月党日", "visibility": "branch"},
    ),
    district("api-post", "GET", **BRANCH_POST),
    district("api-post", "GET", args={"pk": "@district_post"}, foreign=404),
    district("api-post", "GET", args={"pk": "@committee_post"}, other=404, foreign=404),
    district(
        "api-post", "PATCH", 403, secretary="ok", data={"text": "改了"}, headers={"if-match": '"@branch_post_version"'},
        **BRANCH_POST,
    ),
    district("api-post", "DELETE", 403, secretary="ok", **BRANCH_POST),
    district("api-like", "PUT", **BRANCH_POST),
    district("api-like", "DELETE", **BRANCH_POST),
    district("api-comments", "GET", **BRANCH_POST),
    district("api-comments", "POST", data={"text": "好"}, **BRANCH_POST),
    district("api-comment", "PATCH", 403, member="ok", data={"text": "改了"}, **BRANCH_COMMENT),
    district("api-comment", "DELETE", 403, member="ok", **BRANCH_COMMENT),
    district("api-reports", "POST", data={"reason": "不合适"}, **BRANCH_POST),
    district("api-uploads", "POST", data={"file": "@picture"}),
    district("api-organizations", "GET"),
    district("api-members", "GET"),
    district("api-statistics-members", "GET", 403, secretary="ok", officer="ok"),
    district("api-statistics-changes", "GET", 403, secretary="ok", officer="ok"),
    district("api-admissions", "GET", 404, secretary="ok", officer="ok", query="branch=@branch", foreign=404),
    district(
        "api-admissions", "POST", 404, secretary="ok", officer="ok",
        data={"branch": "@branch", "name": "申请人", "born_on": "1998-06-15", "applied_on": "2025-03-01"},
    ),
    district("api-admission", "GET", 404, secretary="ok", officer="ok", **ADMISSION),
    district(
        "api-admission-step", "PUT", 404, secretary="ok", officer="ok", data={"on": "2025-03-20"},
        args={"pk": "@admission", "step": "talk"}, foreign=404,
    ),
    district(
        "api-admission-requests", "POST", 404, secretary=422, officer=422, data={"step": "activist_filing"}, **ADMISSION
    ),
    district(
        "api-admission-papers", "POST", 404, secretary="ok", officer="ok", data={"file": "@picture", "step": "apply"},
        **ADMISSION,
    ),
    district("api-admission-cancel", "POST", 404, secretary="ok", officer="ok", data=REASON, **ADMISSION),
    district(
        "api-admission-restart", "POST", 404, secretary="ok", officer="ok",
        data={"reason": "重新申请", "applied_on": "2025-05-01"}, args={"pk": "@ended_admission"}, foreign=404,
    ),
    district("api-admission-what-if", "GET", 404, secretary="ok", officer="ok", query="vote=2027-05-12", **ADMISSION),
    district(
        "api-admission-answer", "POST", 404, secretary=403, officer="ok", data={"answer": "returned", "reason": "不全"},
        args={"pk": "@admission_request"}, foreign=404,
    ),
    district("api-imports", "POST", 404, officer="ok", data={"file": "@roster", "kind": "members"}),
    district("api-import", "GET", 404, officer="ok", args={"pk": "@import"}, foreign=404),
    district("api-import-apply", "POST", 404, officer="ok", args={"pk": "@import"}, foreign=404),
    district("api-import-undo", "POST", 404, officer="ok", args={"pk": "@applied_import"}, foreign=404),
    district("api-my-dues", "GET"),
    district("api-dues-totals", "GET", 404, officer="ok"),
    district(
        "api-dues-sheet", "GET", 404, secretary="ok", officer="ok", args={"pk": "@branch", "month": "@month"},
        foreign=404,
    ),
    district(
        "api-dues-sheet", "POST", 404, secretary="ok", officer="ok", args={"pk": "@branch", "month": "@month"},
        data={"version": 0, "everybody_paid": True}, foreign=404,
    ),
    district(
        "api-dues-basis", "POST", 404, secretary="ok", officer="ok", args={"pk": "@member"}, foreign=404,
        data={"since": "@month", "kind": "student", "reason": "核定"},
    ),
    district(
        "api-dues-reverse", "POST", 404, secretary="ok", officer="ok", args={"pk": "@dues_payment"}, foreign=404,
        data={"reason": "记错"},
    ),
    district("api-organization", "GET", 404, officer="ok", args={"pk": "@branch"}, foreign=404),
    district(
        "api-organization-act", "POST", 404, officer="ok", args={"pk": "@branch", "act": "rename"}, foreign=404,
        data={"version": 1, "name": "新名字党支部", "reason": "更名", "rehearse": True},
    ),
    district("api-members-views", "GET", 404, secretary="ok", officer="ok"),
    district(
        "api-members-views", "POST", 404, secretary="ok", officer="ok", data={"name": "女党员", "query": "sex=female"}
    ),
    district("api-members-view", "DELETE", 404, officer="ok", args={"pk": "@saved_view"}, foreign=404),
    district(
        "api-members-look-up", "POST", 404, secretary="ok", officer="ok", data={"id_number": "11010519491231002X"},
    ),
    district(
        "api-member", "GET", 404, member="ok", secretary="ok", officer="ok", args={"pk": "@member"}, foreign=404
    ),
    district(
        "api-member-act", "POST", 404, officer="ok", args={"pk": "@member", "act": "correct"}, foreign=404,
        data={"reason": "毕业证", "education": "bachelor"},
    ),
    district(
        "api-member-act", "POST", 404, officer="ok", args={"pk": "@member", "act": "leave"}, foreign=404,
        data={"reason": "本人申请", "kind": "resigned"},
    ),
    district(
        "api-member-record", "GET", 404, member="ok", secretary="ok", officer="ok", args={"pk": "@member"},
        foreign=404,
    ),
    district("api-corrections", "GET"),
    district("api-corrections", "POST", data={"field": "education", "wanted": "bachelor", "reason": "毕业证"}),
    district(
        "api-correction-accept", "POST", 404, member=403, secretary="ok", officer="ok", args={"pk": "@correction"},
        foreign=404,
    ),
    district(
        "api-correction-decline", "POST", 404, member=403, secretary="ok", officer="ok", args={"pk": "@correction"},
        data=REASON, foreign=404,
    ),
    district("api-correction-withdraw", "POST", 404, member="ok", args={"pk": "@correction"}, foreign=404),
    district("api-contacts", "GET"),
    district(
        "api-contacts", "GET", 404, member="ok", secretary="ok", officer="ok", query="branch=@branch", foreign=404
    ),
    district("api-transfers", "GET"),
    district("api-transfers-receivers", "GET", 404, secretary="ok", officer="ok"),
    district(
        "api-transfers", "POST", 404, secretary="ok", officer="ok",
        data={"member": "@member", "receiving": "@other_branch", "reason": "调动"},
    ),
    district("api-transfer", "GET", 404, args={"pk": "@transfer"}, secretary="ok", officer="ok", foreign=404),
    district(
        "api-transfer-accept", "POST", 404, secretary=403, officer="ok", args={"pk": "@transfer"}, data={}, foreign=404
    ),
    district(
        "api-transfer-return", "POST", 404, secretary=403, officer="ok", args={"pk": "@transfer"}, foreign=404,
        data={"reason": "材料不全"},
    ),
    district(
        "api-transfer-withdraw", "POST", 404, secretary="ok", officer="ok", args={"pk": "@transfer"}, foreign=404,
        data={"reason": "写错了支部"},
    ),
    district("api-party-groups", "GET", 404, member="ok", secretary="ok", officer="ok", **BRANCH),
    district(
        "api-party-groups", "POST", 404, secretary="ok", officer="ok", **BRANCH,
        data={**GROUPS, "name": "第二党小组", "members": ["@member"]},
    ),
    district(
        "api-party-groups-arrange", "POST", 404, secretary="ok", officer="ok", **BRANCH,
        data={**GROUPS, "members": [{"member": "@member", "group": None}]},
    ),
    district(
        "api-party-group-rename", "POST", 404, secretary="ok", officer="ok", **GROUP,
        data={**GROUPS, "name": "河西党小组"},
    ),
    district("api-party-group-dissolve", "POST", 404, secretary="ok", officer="ok", **GROUP, data=GROUPS),
    district("api-terms", "GET"),
    district("api-elections", "GET"),
    district(
        "api-elections", "POST", 404, officer="ok", data={"organization": "@other_branch", **ELSEWHERE},
    ),
    district("api-election", "GET", 404, secretary="ok", officer="ok", args={"pk": "@election"}, foreign=404),
    district(
        "api-election", "PUT", 404, secretary="ok", officer="ok", args={"pk": "@election"},
        data={"version": 1, **MINUTES}, foreign=404,
    ),
    district(
        "api-election-submit", "POST", 404, secretary="ok", officer="ok", args={"pk": "@election"}, data={},
        foreign=404,
    ),
    district(
        "api-election-approve", "POST", 404, secretary=403, officer=409, args={"pk": "@election"}, data={},
        foreign=404,
    ),
    district(
        "api-election-approve", "POST", 404, officer="ok", args={"pk": "@submitted_election"}, data={}, foreign=404
    ),
    district(
        "api-election-return", "POST", 404, officer="ok", args={"pk": "@submitted_election"}, foreign=404,
        data={"reason": "缺会议记录"},
    ),
    district(
        "api-election-discard", "POST", 404, secretary="ok", officer="ok", args={"pk": "@election"},
        data={"reason": "重新选举"}, foreign=404,
    ),
    district("api-events", "GET", query="topic=feed"),
    district("api-events", "GET", query="topic=post:@branch_post", other=404, foreign=404),
    district("api-events", "GET", 404, query="topic=feed:@branch", member="ok", secretary="ok"),
    district("api-rules-dues", "POST", data={"kind": "student"}),
    district("api-rules-term", "POST", data={"organization_kind": "branch", "elected_on": "2024-05-12"}),
    district("api-rules-admission", "POST", data={"born_on": "1999-01-01", "applied_on": "2026-01-01"}),
    district("api-schema", "GET"),
    district("api-docs", "GET"),
]  # fmt: skip

MODERATORS = {"officer": "ok", "moderator": "ok"}
# 403 for a post of one's own reading: the thing can be seen, what is asked for cannot be done.
INTERACTION: list[Row] = [
    district("home", "GET"),
    district("feed", "GET"),
    district("feed-cards", "GET"),
    district("post-new", "GET"),
    district("post-new", "POST", data={"kind": "snapshot", "text": "花开了", "visibility": "branch"}),
    district(
        "post-new", "POST", 403, secretary="ok", officer="ok", editor="ok",
        data={"kind": "branch_news", "text": "本月党日", "visibility": "branch"},
    ),
    district("post", "GET", **BRANCH_POST),
    district("post-edit", "GET", 403, secretary="ok", **BRANCH_POST),
    district(
        "post-edit", "POST", 403, secretary="ok",
        data={"text": "改了", "visibility": "branch", "version": "@branch_post_version"}, **BRANCH_POST,
    ),
    district("post-delete", "GET", 403, secretary="ok", **BRANCH_POST),
    district("post-delete", "POST", 403, secretary="ok", **BRANCH_POST),
    district("post-like", "POST", data={"liked": "1"}, **BRANCH_POST),
    district("post-report", "GET", **BRANCH_POST),
    district("post-report", "POST", data=REASON, **BRANCH_POST),
    district("post-hide", "GET", 403, **MODERATORS, **BRANCH_POST),
    district("post-hide", "POST", 403, data=REASON, **MODERATORS, **BRANCH_POST),
    district("post-unhide", "GET", 403, **MODERATORS, args={"pk": "@hidden_post"}, other=404, foreign=404),
    district(
        "post-unhide", "POST", 403, **MODERATORS, args={"pk": "@hidden_post"}, data=REASON, other=404, foreign=404
    ),
    district("comment-add", "POST", data={"text": "好"}, **BRANCH_POST),
    district("comment-edit", "GET", 403, member="ok", **BRANCH_COMMENT),
    district("comment-edit", "POST", 403, member="ok", data={"text": "改了"}, **BRANCH_COMMENT),
    district("comment-delete", "GET", 403, member="ok", **BRANCH_COMMENT),
    district("comment-delete", "POST", 403, member="ok", **BRANCH_COMMENT),
    district("comment-report", "GET", **BRANCH_COMMENT),
    district("comment-report", "POST", data=REASON, **BRANCH_COMMENT),
    district("comment-hide", "GET", 403, **MODERATORS, **BRANCH_COMMENT),
    district("comment-hide", "POST", 403, data=REASON, **MODERATORS, **BRANCH_COMMENT),
    district("comment-unhide", "GET", 403, **MODERATORS, **HIDDEN_COMMENT),
    district("comment-unhide", "POST", 403, data=REASON, **MODERATORS, **HIDDEN_COMMENT),
    district("reports", "GET", 403, **MODERATORS),
    district("report-hide", "GET", 403, **MODERATORS, args={"pk": "@report"}, foreign=404),
    district("report-hide", "POST", 403, **MODERATORS, args={"pk": "@report"}, data=REASON, foreign=404),
    district("report-keep", "GET", 403, **MODERATORS, args={"pk": "@report"}, foreign=404),
    district("report-keep", "POST", 403, **MODERATORS, args={"pk": "@report"}, data=REASON, foreign=404),
    district("me", "GET"),
    district("my-posts", "GET"),
    district("my-comments", "GET"),
    district("my-replies", "GET"),
    district("news", "GET"),
    district("learning", "GET"),
    district("management", "GET"),
    district("components", "GET", 403, officer="ok"),
]  # fmt: skip

PAGES: list[Row] = [
    district("healthz", "GET", outside="ok"),
    district("sign-in", "GET", outside="ok"),
    district("sign-in", "POST", outside="ok", data={"username": "liqiang", "password": "@password"}),
    district("forgotten", "GET", outside="ok"),
    district("sign-out", "POST"),
    # With passwords kept here there is no realm; with one, tests/identity/test_realm_sign_in.py and tests/sso.
    district("oidc-login", "GET", 404, outside=404),
    district("oidc-callback", "GET", 404, outside=404),
    district("oidc-backchannel", "POST", 404, outside=404, data={"logout_token": "x"}),
    district("oidc-logout", "POST"),
    district("session-elsewhere-end", "POST", 404, args={"sid": "a-session"}),
    district("password", "GET"),
    district("password", "POST", data={"current": "@password", "new": "Haojiu-2026-ge", "again": "Haojiu-2026-ge"}),
    district("sessions", "GET"),
    district("session-end", "POST", 404, member="ok", args={"pk": "@member_session"}, foreign=404),
    district("sessions-end-others", "POST"),
    district("preferences", "POST", outside="ok", data={"language": "en"}),
    district("photo", "GET", args={"schema": "huiji", "pk": "@photo", "size": "phone"}, other=404, foreign=404),
    district("photo", "GET", 404, args={"schema": "luoyang", "pk": "@photo", "size": "phone"}, foreign=404),
    district("branch", "GET"),
    district("rules", "GET"),
    district("rules-dues", "GET"),
    district("rules-dues", "POST", data={"kind": "student", "on": "2026-11-25"}),
    district("rules-term", "GET"),
    district(
        "rules-term", "POST",
        data={"organization_kind": "branch", "elected_on": "2024-05-12", "today": "2026-11-25"},
    ),
    district("rules-admission", "GET"),
    district(
        "rules-admission", "POST",
        data={"born_on": "1999-01-01", "applied_on": "2026-01-01", "today": "2026-11-25"},
    ),
    district("contacts", "GET"),
    district("contacts", "GET", 404, member="ok", secretary="ok", officer="ok", query="branch=@branch", foreign=404),
    district("statistics", "GET", 404, secretary="ok", officer="ok"),
    district("statistics", "GET", 404, officer="ok", query="organization=@branch", foreign=404),
    district("statistics-names", "GET", 404, secretary="ok", officer="ok", query="by=kind&key=full"),
    district("statistics-xlsx", "GET", 404, secretary="ok", officer="ok"),
    district("my-corrections", "GET"),
    district(
        "my-corrections", "POST", data={"field": "education", "wanted": "bachelor", "reason": "毕业证"},
    ),
    district(
        "correction-withdraw", "POST", 404, member="ok", args={"pk": "@correction"}, foreign=404
    ),
    district("corrections", "GET", 404, secretary="ok", officer="ok"),
    district(
        "correction-settle", "POST", 404, secretary="ok", officer="ok", args={"pk": "@correction", "act": "decline"},
        data=REASON, foreign=404,
    ),
    district(
        "member-record", "GET", 404, member="ok", secretary="ok", officer="ok", args={"pk": "@member"}, foreign=404
    ),
    district("branch-members", "GET", 404, secretary="ok"),
    district("branch-members-xlsx", "GET", 404, secretary="ok"),
    district("branch-members-xlsx", "GET", 404, secretary="ok", query="organization=@branch", foreign=404),
    district("branch-members-look-up", "POST", 404, secretary="ok", data={"id_number": "11010519491231002X"}),
    district("branch-members-views", "POST", 404, secretary="ok", data={"name": "男党员", "query": "sex=male"}),
    district("branch-help-sheet", "GET", 404, secretary="ok"),
    district("branch-help-sheet", "POST", 404, secretary="ok", data={"member": "@member"}),
    district("admission", "GET", 404, secretary="ok", officer="ok"),
    district("admission-calendar", "GET", 404, secretary="ok", officer="ok"),
    district("admission-superior", "GET", 404, officer="ok"),
    district("admission-new", "GET", 404, secretary="ok", officer="ok", query="branch=@branch", foreign=404),
    district(
        "admission-new", "POST", 404, secretary="ok", officer="ok", query="branch=@branch", foreign=404,
        data={"name": "申请人", "born_on": "1998-06-15", "applied_on": "2025-03-01"},
    ),
    district("admission-case", "GET", 404, secretary="ok", officer="ok", **ADMISSION),
    district("admission-person", "GET", 404, secretary="ok", officer="ok", **ADMISSION),
    district(
        "admission-person", "POST", 404, secretary="ok", officer="ok",
        data={"name": "申请人甲", "born_on": "1998-06-15", "reason": "写错了"}, **ADMISSION,
    ),
    district(
        "admission-step", "GET", 404, secretary="ok", officer="ok", args={"pk": "@admission", "step": "talk"},
        foreign=404,
    ),
    district(
        "admission-step", "POST", 404, secretary="ok", officer="ok", data={"on": "2025-03-20"},
        args={"pk": "@admission", "step": "talk"}, foreign=404,
    ),
    district(
        "admission-ask", "GET", 404, secretary="ok", officer="ok",
        args={"pk": "@admission", "step": "activist_filing"}, foreign=404,
    ),
    district(
        "admission-ask", "POST", 404, secretary=422, officer=422,
        args={"pk": "@admission", "step": "activist_filing"}, foreign=404,
    ),
    district(
        "admission-paper-add", "POST", 404, secretary="ok", officer="ok", data={"file": "@picture", "step": "apply"},
        **ADMISSION,
    ),
    district("admission-paper", "GET", 404, secretary="ok", officer="ok", args={"pk": "@paper"}, foreign=404),
    district("admission-paper-remove", "GET", 404, secretary="ok", officer="ok", args={"pk": "@paper"}, foreign=404),
    district(
        "admission-paper-remove", "POST", 404, secretary="ok", officer="ok", args={"pk": "@paper"}, data=REASON,
        foreign=404,
    ),
    district("admission-cancel", "GET", 404, secretary="ok", officer="ok", **ADMISSION),
    district("admission-cancel", "POST", 404, secretary="ok", officer="ok", data=REASON, **ADMISSION),
    district(
        "admission-restart", "GET", 404, secretary="ok", officer="ok", args={"pk": "@ended_admission"}, foreign=404
    ),
    district(
        "admission-restart", "POST", 404, secretary="ok", officer="ok", args={"pk": "@ended_admission"},
        data={"reason": "重新申请", "applied_on": "2025-05-01"}, foreign=404,
    ),
    district("admission-what-if", "GET", 404, secretary="ok", officer="ok", **ADMISSION),
    district("admission-files", "GET", 404, secretary="ok", officer="ok", **ADMISSION),
    district(
        "admission-answer", "GET", 404, secretary=403, officer="ok", args={"pk": "@admission_request"}, foreign=404
    ),
    district(
        "admission-answer", "POST", 404, secretary=403, officer="ok", args={"pk": "@admission_request"},
        data={"answer": "return", "on": "2025-05-01", "reason": "不全"}, foreign=404,
    ),
    district("officer-members", "GET", 404, officer="ok"),
    district("officer-members-xlsx", "GET", 404, officer="ok"),
    district("officer-members-xlsx", "GET", 404, officer="ok", query="organization=@branch", foreign=404),
    district("officer-members-look-up", "POST", 404, officer="ok", data={"id_number": "11010519491231002X"}),
    district("officer-members-views", "POST", 404, officer="ok", data={"name": "男党员", "query": "sex=male"}),
    district("officer-member", "GET", 404, officer="ok", args={"pk": "@member"}, foreign=404),
    district(
        "officer-member-action", "GET", 404, officer="ok",
        args={"pk": "@member", "action": "password"}, foreign=404,
    ),
    district(
        "officer-member-action", "POST", 404, officer="ok",
        args={"pk": "@member", "action": "deactivate"}, data={"reason": "已转出"}, foreign=404,
    ),
    district(
        "officer-member-action", "POST", 404, officer="ok", args={"pk": "@member", "action": "leave"},
        data={"kind": "resigned", "on": "2026-11-20", "reason": "本人申请"}, foreign=404,
    ),
    district("officer-imports", "GET", 404, officer="ok"),
    district("officer-imports", "POST", 404, officer="ok", data={"file": "@roster", "kind": "members"}),
    district("officer-import", "GET", 404, officer="ok", args={"pk": "@import"}, foreign=404),
    district("officer-import-columns", "POST", 404, officer="ok", args={"pk": "@import"}, foreign=404),
    district(
        "officer-import-unit", "POST", 404, officer="ok", args={"pk": "@import"},
        data={"name": "三网格", "organization": "@branch"}, foreign=404,
    ),
    district("officer-import-apply", "POST", 404, officer="ok", args={"pk": "@import"}, foreign=404),
    district("officer-import-undo", "POST", 404, officer="ok", args={"pk": "@applied_import"}, foreign=404),
    district("officer-import-rows", "GET", 404, officer="ok", args={"pk": "@import"}, foreign=404),
    district("officer-import-template", "GET", 404, officer="ok", args={"kind": "members"}),
    # With passwords kept here there is no realm to make a client in; with one, tests/sso/test_service_clients.py.
    district("officer-identity", "GET", 404, officer="ok"),
    district("officer-accounts-continue", "POST", 404, officer=409, data={}),
    district("officer-client-new", "GET", 404, officer="ok"),
    district("officer-client-new", "POST", 404, officer=409, data={"name": "人事系统", "scopes": "members.read"}),
    district("officer-client", "GET", 404, officer="ok", args={"pk": "@service_client"}, foreign=404),
    district(
        "officer-client-scopes", "POST", 404, officer="ok", args={"pk": "@service_client"},
        data={"scopes": "statistics.read"}, foreign=404,
    ),
    district(
        "officer-client-rotate", "POST", 404, officer=409, args={"pk": "@service_client"},
        data={"reason": "定期更换"}, foreign=404,
    ),
    district(
        "officer-client-revoke", "POST", 404, officer="ok", args={"pk": "@service_client"},
        data={"reason": "不再使用"}, foreign=404,
    ),
    district("officer-audit", "GET", 404, officer="ok"),
    district("officer-organizations", "GET", 404, officer="ok"),
    district("officer-organization", "GET", 404, officer="ok", args={"pk": "@branch"}, foreign=404),
    district(
        "officer-organization-act", "GET", 404, officer="ok", args={"pk": "@branch", "key": "move"}, foreign=404
    ),
    district(
        "officer-organization-act", "POST", 404, officer="ok", args={"pk": "@branch", "key": "rename"},
        data={"version": "1", "on": "2026-03-01", "reason": "更名", "name": "金河三网格党支部"}, foreign=404,
    ),
    district("my-dues", "GET"),
    district("officer-dues", "GET", 404, officer="ok"),
    district("officer-dues-table", "GET", 404, officer="ok"),
    district("dues", "GET", 404, secretary="ok", officer="ok"),
    district("dues-branch", "GET", 404, secretary="ok", officer="ok", args={"branch": "@branch"}, foreign=404),
    district(
        "dues-sheet", "GET", 404, secretary="ok", officer="ok", args={"branch": "@branch", "month": "@month"},
        foreign=404,
    ),
    district(
        "dues-sheet", "POST", 404, secretary="ok", officer="ok", args={"branch": "@branch", "month": "@month"},
        data={"version": "0", "way": "cash", "everybody": "1"}, foreign=404,
    ),
    district(
        "dues-sheet-table", "GET", 404, secretary="ok", officer="ok",
        args={"branch": "@branch", "month": "@month"}, foreign=404,
    ),
    district("dues-member", "GET", 404, secretary="ok", officer="ok", args={"pk": "@member"}, foreign=404),
    district(
        "dues-member", "POST", 404, secretary="ok", officer="ok", args={"pk": "@member"},
        data={"since": "@month", "kind": "student", "reason": "核定"}, foreign=404,
    ),
    district(
        "dues-reverse", "POST", 404, secretary="ok", officer="ok", args={"pk": "@dues_payment"},
        data={"reason": "记错"}, foreign=404,
    ),
    district("officer-terms", "GET", 404, officer="ok"),
    district("terms", "GET", 404, secretary="ok", officer="ok"),
    district("election-new", "GET", 404, secretary="ok", officer="ok", query="organization=@branch", foreign=404),
    district(
        "election-new", "POST", 404, officer="ok", query="organization=@other_branch", foreign=404,
        data={**FILLED_IN, "stood-0-name": "周杰"},
    ),
    district("election", "GET", 404, secretary="ok", officer="ok", args={"pk": "@election"}, foreign=404),
    district("party-groups", "GET", 404, member="ok", secretary="ok", officer="ok", **BRANCH),
    district("party-group-new", "GET", 404, secretary="ok", officer="ok", **BRANCH),
    district(
        "party-group-new", "POST", 404, secretary="ok", officer="ok", **BRANCH,
        data={**GROUPS_FORM, "name": "第二党小组", "members": "@member"},
    ),
    district("party-groups-arrange", "GET", 404, secretary="ok", officer="ok", **BRANCH),
    # Nothing is touched, and they are told so.
    district("party-groups-arrange", "POST", 404, secretary=422, officer=422, **BRANCH, data=GROUPS_FORM),
    district("party-group-rename", "GET", 404, secretary="ok", officer="ok", **GROUP),
    district(
        "party-group-rename", "POST", 404, secretary="ok", officer="ok", **GROUP,
        data={**GROUPS_FORM, "name": "河西党小组"},
    ),
    district("party-group-dissolve", "GET", 404, secretary="ok", officer="ok", **GROUP),
    district("party-group-dissolve", "POST", 404, secretary="ok", officer="ok", **GROUP, data=GROUPS_FORM),
    district(
        "election-edit", "GET", 404, secretary="ok", officer="ok", args={"pk": "@election"}, foreign=404
    ),
    district(
        "election-edit", "POST", 404, secretary="ok", officer="ok", args={"pk": "@election"},
        data={"version": 1, **FILLED_IN}, foreign=404,
    ),
    district(
        "election-act", "POST", 404, secretary="ok", officer="ok",
        args={"pk": "@election", "act": "submit"}, foreign=404,
    ),
    district(
        "election-act", "POST", 404, secretary=403, officer=409, args={"pk": "@election", "act": "approve"},
        data={"approve-on": "@today"}, foreign=404,
    ),
    district(
        "election-act", "POST", 404, officer="ok", args={"pk": "@submitted_election", "act": "approve"},
        data={"approve-on": "@today"}, foreign=404,
    ),
    district("officer-transfers", "GET", 404, officer="ok"),
    district("transfers", "GET", 404, secretary="ok", officer="ok"),
    district("transfer-new", "GET", 404, secretary="ok", officer="ok"),
    district(
        "transfer-new", "POST", 404, secretary="ok", officer="ok",
        data={"member": "@member", "receiving": "@other_branch", "reason": "调动", "on": "@today"},
    ),
    district("transfer", "GET", 404, secretary="ok", officer="ok", args={"pk": "@transfer"}, foreign=404),
    district("transfer-letter", "GET", 404, secretary="ok", officer="ok", args={"pk": "@transfer"}, foreign=404),
    district(
        "transfer-act", "POST", 404, secretary=403, officer="ok", args={"pk": "@transfer", "act": "accept"},
        data={"accept-on": "@today"}, foreign=404,
    ),
    district(
        "transfer-act", "POST", 404, secretary="ok", officer="ok", args={"pk": "@transfer", "act": "withdraw"},
        data={"withdraw-reason": "写错了支部"}, foreign=404,
    ),
]  # fmt: skip

CENTRAL: list[Row] = [
    central("overview", "GET"),
    central("healthz", "GET", outside="ok"),
    central("api-me", "GET"),
    central("sign-in", "GET", outside="ok"),
    central("sign-in", "POST", outside="ok", data={"username": "chenjing", "password": "@password"}),
    central("forgotten", "GET", outside="ok"),
    central("sign-out", "POST"),
    central("oidc-login", "GET", centre=404, outside=404),
    central("oidc-callback", "GET", centre=404, outside=404),
    central("oidc-backchannel", "POST", centre=404, outside=404, data={"logout_token": "x"}),
    central("oidc-logout", "POST"),
    central("session-elsewhere-end", "POST", centre=404, args={"sid": "a-session"}),
    central("password", "GET"),
    central(
        "password", "POST", data={"current": "@password", "new": "Haojiu-2026-ge", "again": "Haojiu-2026-ge"}
    ),
    central("sessions", "GET"),
    central("session-end", "POST", args={"pk": "@central_session"}, foreign=404),
    central("sessions-end-others", "POST"),
    central("preferences", "POST", outside="ok", data={"language": "en"}),
    central("api-session", "POST", outside="ok", data={"username": "chenjing", "password": "@password"}),
    central("api-session", "DELETE"),
]

ROWS: list[Row] = [*API, *INTERACTION, *PAGES, *CENTRAL]

# Framework methods that every view answers and that show nothing: HEAD as GET, OPTIONS as the list of methods.
UNLISTED_METHODS = {"HEAD", "OPTIONS"}
