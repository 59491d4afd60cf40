"""How the states of a term and of an election are shown."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from dangjian.organizations.admission.words import Shown
from dangjian.organizations.elections import judgement
from dangjian.organizations.models import OrganizationKind, Post

TERM_STATES: Final = {
    judgement.UNKNOWN: Shown(_("没有换届记录"), "na", "na"),
    "not_begun": Shown(_("还没有开始"), "na", "na"),
    "running": Shown(_("任期内"), "done", "done"),
    "remind": Shown(_("该准备换届了"), "due", "clock"),
    "overdue": Shown(_("已经届满"), "overdue", "alert"),
    "beyond_extension": Shown(_("超过最长的延期"), "overdue", "alert"),
}
ELECTION_STATES: Final = {
    judgement.RECORDED: Shown(_("待报送"), "partial", "edit"),
    judgement.SUBMITTED: Shown(_("待审批"), "due", "clock"),
    judgement.RETURNED: Shown(_("已退回"), "overdue", "alert"),
    judgement.APPROVED: Shown(_("已批准"), "done", "done"),
    judgement.DISCARDED: Shown(_("已作废"), "na", "na"),
}


def posts(kind: str) -> list[tuple[str, Any]]:
    """The posts one is elected to, as an organisation of that kind calls them."""
    above = {} if kind == OrganizationKind.BRANCH else {Post.SECRETARY: _("书记")}
    return [(post.value, above.get(post, post.label)) for post in Post]
