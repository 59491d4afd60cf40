"""The words for stages and for how a step stands, and how each is shown."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from django.utils.translation import gettext_lazy as _


class Shown(NamedTuple):
    """A word with its look. look: the state's class (``dj-state-…``), or "" for a plain tag; icon: beside it."""

    word: Any
    look: str
    icon: str = ""


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
ACTIONS: Final = {
    "open": _("建立档案"),
    "person": _("更正申请人资料"),
    "record": _("记录"),
    "correct": _("更正"),
    "vote_lost": _("表决没有通过"),
    "ask": _("报上级"),
    "accept": _("上级同意"),
    "return": _("上级退回"),
    "paper": _("上传材料"),
    "paper_removed": _("删除材料"),
    "carry": _("随支部转入"),
    "cancel": _("终止"),
    "restart": _("重新开始"),
    "leave": _("随离开名册终止"),
    "resume": _("恢复办理"),
}
