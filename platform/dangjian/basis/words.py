"""The words of these pages for what programs call by keys, and how each is shown."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from dangjian.organizations.admission.words import STAGES, STEP_STATES, Shown
from dangjian.organizations.elections.words import TERM_STATES
from dangjian.rules.book import Rule

__all__ = ["STAGES", "STEP_STATES", "TERM_STATES", "Shown"]


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
    "village_general_branch": _("村党总支"),
    "community_general_branch": _("社区党总支"),
    "general_branch": _("党总支"),
    "committee": _("基层党委"),
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
