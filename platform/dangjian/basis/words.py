"""The words of these pages for what programs call by keys, and how each is shown."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from django.utils.translation import gettext_lazy as _

from dangjian.rules.book import Rule


class Shown(NamedTuple):
    """A word with its look. look: the state's class (``dj-state-…``), or "" for a plain tag; icon: beside it."""

    word: Any
    look: str
    icon: str = ""


GROUPS: Final = {
    "life": _("组织生活"),
    "founding": _("支部设置"),
    "term": _("任期"),
    "election": _("选举"),
    "admission": _("发展党员"),
    "dues": _("党费"),
    "transfer": _("组织关系转接"),
    "study": _("学习"),
}
OF_KIND: Final = {"village": _("村"), "community": _("社区"), "other": _("其他")}
DUES_KINDS: Final = {
    "wage": _("按月领工资"),
    "retired": _("离退休"),
    "farmer": _("农民"),
    "student": _("学生"),
    "unemployed": _("下岗失业"),
    "relief": _("抚恤、救济或低保"),
}
ORGANIZATION_KINDS: Final = {
    "branch": _("党支部（机关、学校、企业等）"),
    "village_branch": _("村党支部"),
    "community_branch": _("社区党支部"),
    "general_branch": _("党总支"),
    "committee": _("基层党委"),
}
TERM_STATES: Final = {
    "not_begun": Shown(_("还没有开始"), "na", "na"),
    "running": Shown(_("任期内"), "done", "done"),
    "remind": Shown(_("该准备换届了"), "due", "clock"),
    "overdue": Shown(_("已经届满"), "overdue", "alert"),
    "beyond_extension": Shown(_("超过最长的延期"), "overdue", "alert"),
}
STAGES: Final = {
    "applicant": _("入党申请人"),
    "activist": _("入党积极分子"),
    "candidate": _("发展对象"),
    "probationary": _("预备党员"),
    "full": _("正式党员"),
}
STEP_STATES: Final = {
    "done": Shown(_("已完成"), "done", "done"),
    "open": Shown(_("可以办理"), "due", "clock"),
    "blocked": Shown(_("待前一步"), "na", "na"),
    "late": Shown(_("逾期"), "overdue", "alert"),
    "unlawful": Shown(_("不合规定"), "overdue", "close"),
}
_MARKS: Final = {
    "quoted": Shown(_("有原文依据"), ""),
    "to_be_confirmed": Shown(_("待核实"), "due", "alert"),
    "local_custom": Shown(_("通行做法"), ""),
}
_LOCAL: Final = Shown(_("本地规定"), "own")


def mark(rule: Rule) -> Shown:
    """How sure a rule is, in a word; of what a district tightened, that it is the district's."""
    return _LOCAL if rule.national is not None else _MARKS[rule.confidence]
