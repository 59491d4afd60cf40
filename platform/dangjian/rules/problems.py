"""What judgement has to object to, by a code for programs and a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dangjian.rules.book import Rule

STEPS: Final = {
    "apply": gettext_lazy("递交入党申请书"),
    "talk": gettext_lazy("派人谈话"),
    "activist": gettext_lazy("确定为入党积极分子"),
    "candidate": gettext_lazy("列为发展对象"),
    "introducers": gettext_lazy("确定入党介绍人"),
    "review": gettext_lazy("政治审查"),
    "training": gettext_lazy("集中培训"),
    "vote": gettext_lazy("支部大会接收预备党员"),
    "approve": gettext_lazy("上级党委审批接收"),
    "probation": gettext_lazy("预备期"),
    "conversion_vote": gettext_lazy("支部大会讨论转正"),
    "conversion_approve": gettext_lazy("上级党委审批转正"),
}
# What is known beside the steps, where an objection speaks of its day.
FACTS: Final = {
    "notice": gettext_lazy("公示"),
    "pre_review": gettext_lazy("上级党委预审"),
    "oath": gettext_lazy("入党宣誓"),
}

MESSAGES: Final = {
    "under_age": gettext_lazy(
        "申请时还不满 %(years)s 岁，%(earliest)s起才能申请。请核实出生日期和申请日期。"
    ),
    "born_after_application": gettext_lazy("出生日期在申请日期之后，请核实两个日期。"),
    "out_of_order": gettext_lazy(
        "“%(step)s”的日期（%(on)s）早于“%(before)s”的日期（%(before_on)s），请核实两个日期。"
    ),
    "earlier_missing": gettext_lazy("前面的“%(before)s”还没有完成的记录，先补上它，这一步才算数。"),
    "earlier_unlawful": gettext_lazy("前面的“%(before)s”不合规定，这一步不能算数。"),
    "talk_late": gettext_lazy("最迟应当在 %(latest)s派人谈话，已经超过期限。"),
    "activist_too_soon": gettext_lazy("递交申请满 %(months)s 个月后才能确定，最早 %(earliest)s。"),
    "activist_period_short": gettext_lazy(
        "作为积极分子培养教育还不满 %(months)s 个月，最早 %(earliest)s才能列为发展对象。"
    ),
    "notice_missing": gettext_lazy("还没有记公示的起止日期，请补上。"),
    "notice_reversed": gettext_lazy(
        "公示结束的日期（%(ends)s）早于开始的日期（%(starts)s），请核实两个日期。"
    ),
    "notice_too_early": gettext_lazy(
        "公示开始的日期（%(starts)s）早于“%(before)s”的日期（%(before_on)s），请核实两个日期。"
    ),
    "notice_short": gettext_lazy(
        "公示不少于 %(needed)s 个工作日；从 %(starts)s到 %(ends)s一共只有 %(given)s 天，时间不够，要重新公示。"
    ),
    "notice_to_check": gettext_lazy(
        "公示不少于 %(needed)s 个工作日；从 %(starts)s到 %(ends)s，周一到周五有 %(given)s 天。"
        "调休上班的周末也算工作日，请核对够不够。"
    ),
    "notice_after_candidate": gettext_lazy(
        "公示到 %(ends)s才结束，晚于列为发展对象的日期（%(on)s）；公示应当在列为发展对象以前，请核对两个日期。"
    ),
    "introducers_short": gettext_lazy("入党介绍人需要 %(needed)s 名正式党员，现在是 %(given)s 名。"),
    "training_short": gettext_lazy(
        "集中培训要满 %(days)s 天或者 %(hours)s 学时，现在是 %(given_days)s 天、%(given_hours)s 学时。"
    ),
    "vote_late": gettext_lazy("预审合格后，最迟应当在 %(latest)s提交支部大会讨论，已经超过期限。"),
    "vote_date_missing": gettext_lazy("请补上支部大会的日期。"),
    "vote_counts_missing": gettext_lazy("请补上应到会、实到会和赞成的人数。"),
    "present_above_due": gettext_lazy("到会 %(present)s 人多于应到会 %(due)s 人，请核实人数。"),
    "yes_above_present": gettext_lazy("赞成 %(yes)s 票多于到会 %(present)s 人，请核实票数。"),
    "written_above_absent": gettext_lazy("书面赞成 %(written)s 票多于没到会的 %(absent)s 人，请核实票数。"),
    "present_too_few": gettext_lazy(
        "应到会 %(due)s 人，到会 %(present)s 人；到会超过 %(share)s（至少 %(needed)s 人）才能开会表决。"
    ),
    "yes_too_few": gettext_lazy(
        "应到会 %(due)s 人，赞成 %(yes)s 票（含书面意见）；赞成超过应到会的 %(share)s（至少 %(needed)s 票）才能通过。"
    ),
    "approval_late": gettext_lazy(
        "党委最迟应当在 %(latest)s审批，已经超过期限。确有特殊情况的写明理由，最长 %(special)s 个月。"
    ),
    "approval_beyond_special": gettext_lazy(
        "特殊情况下最迟也应当在 %(latest)s审批，已经超过期限，支部大会需要重新讨论。"
    ),
    "oath_late": gettext_lazy("批准后一般最迟在 %(latest)s举行入党宣誓，已经超过。"),
    "extension_out_of_range": gettext_lazy(
        "预备期只能延长一次，%(least)s 到 %(most)s 个月；现在填的是 %(given)s 个月。"
    ),
    "probation_not_over": gettext_lazy("预备期到 %(earliest)s才满，转正的支部大会不能早于这一天。"),
    "conversion_late": gettext_lazy("党委最迟应当在 %(latest)s审批转正，已经超过期限。"),
    "paper_missing": gettext_lazy("缺“%(paper)s”，请上传。"),
    "step_missing": gettext_lazy("“%(step)s”还没有记录。"),
    "contacts_range": gettext_lazy("培养联系人需要 %(least)s–%(most)s 名正式党员，现在是 %(given)s 名。"),
    "below_founding": gettext_lazy("正式党员 %(given)s 名，不足 %(needed)s 名，应当考虑成立联合党支部。"),
    "above_size": gettext_lazy("党员 %(given)s 名，一般不超过 %(most)s 名，请考虑分设支部或成立党总支。"),
    "joint_units": gettext_lazy("联合党支部覆盖 %(given)s 个单位，一般不超过 %(most)s 个。"),
    "committee_due": gettext_lazy("正式党员 %(given)s 名，满 %(needed)s 名应当设立支部委员会。"),
    "committee_size": gettext_lazy(
        "支委会现有 %(given)s 人，一般 %(least)s–%(most)s 人，最多 %(limit)s 人。"
    ),
    "committee_not_due": gettext_lazy(
        "正式党员不足 %(needed)s 名，一般不设支委会，设书记 1 名，必要时副书记 1 名。"
    ),
    "no_secretary": gettext_lazy("还没有支部书记。"),
    "group_without_leader": gettext_lazy("%(group)s还没有组长。"),
    "group_too_small": gettext_lazy(
        "%(group)s只有 %(given)s 名党员，一般不少于 %(needed)s 名，可以并入别的党小组。"
    ),
    "group_without_full": gettext_lazy("%(group)s没有正式党员，一般至少要有 1 名。"),
    "term_running_out": gettext_lazy("%(before)s当选，本届任期到 %(ends_on)s届满，请准备换届。"),
    "term_overdue": gettext_lazy("本届任期 %(ends_on)s已经届满，应当换届；要延期的，先报上级批准。"),
    "eligible_above_register": gettext_lazy(
        "应到会 %(eligible)s 人多于当天的正式党员 %(full)s 人。预备党员没有选举权，不算在应到会里，请核实。"
    ),
    "present_above_eligible": gettext_lazy("到会 %(present)s 人多于应到会 %(eligible)s 人，请核实人数。"),
    "quorum_short": gettext_lazy(
        "应到会 %(eligible)s 人，到会 %(present)s 人；到会达到 %(share)s（至少 %(needed)s 人）才能选举。"
    ),
    "issued_above_present": gettext_lazy(
        "发出选票 %(issued)s 张，多于到会有选举权的 %(present)s 人，请核实。"
    ),
    "returned_above_issued": gettext_lazy(
        "收回选票 %(returned)s 张，多于发出的 %(issued)s 张，这次选举无效，应当重新选举。"
    ),
    "ballots_do_not_add": gettext_lazy(
        "有效票 %(valid)s 张加无效票 %(invalid)s 张，不等于收回的 %(returned)s 张，请核实。"
    ),
    "votes_above_valid": gettext_lazy("%(name)s 得 %(votes)s 票，多于有效票 %(valid)s 张，请核实票数。"),
    "votes_above_seats": gettext_lazy(
        "候选人一共得 %(total)s 票；%(valid)s 张有效票每张最多选 %(seats)s 人，最多 %(most)s 票，请核实票数。"
    ),
    "margin_short": gettext_lazy(
        "应选 %(seats)s 人，候选人 %(stood)s 人；差额不少于应选人数的 %(share)s，至少要 %(needed)s 名候选人。"
    ),
    "candidates_short": gettext_lazy("应选 %(seats)s 人，候选人只有 %(stood)s 人，请核实。"),
    "candidate_without_vote": gettext_lazy("%(name)s 当天不是正式党员，没有被选举权，不能作候选人。"),
    "nobody_elected": gettext_lazy("还没有写明谁当选，请给当选的人选好职务。"),
    "majority_short": gettext_lazy(
        "%(name)s 得 %(votes)s 票；到会 %(present)s 人，超过 %(share)s（至少 %(needed)s 票）才能当选。"
    ),
    "passed_over": gettext_lazy(
        "%(name)s 得 %(votes)s 票，比当选的 %(other)s（%(others)s 票）多，应当按得票多少确定当选人。"
    ),
    "left_out": gettext_lazy(
        "%(name)s 得 %(votes)s 票，已经超过半数，应选的 %(seats)s 人还没有选满，应当当选，请核实。"
    ),
    "tied": gettext_lazy(
        "%(name)s 和当选的 %(other)s 都得 %(votes)s 票，分不出谁当选，应当就他们再投一次票。"
    ),
    "elected_above_seats": gettext_lazy("应选 %(seats)s 人，当选 %(elected)s 人，请核实。"),
    "seats_left": gettext_lazy(
        "应选 %(seats)s 人，当选 %(elected)s 人；不足的名额另行选举，接近应选名额的，经多数同意也可以减少名额。"
    ),
    "election_early": gettext_lazy(
        "上一届 %(before)s当选，%(ends_on)s届满；%(remind_from)s以前选举是提前换届，要写明批准的上级组织、文号和理由。"
    ),
    "election_late": gettext_lazy(
        "上一届 %(before)s当选，%(ends_on)s已经届满；延期换届要写明批准的上级组织、文号和理由。"
    ),
    "beyond_shift": gettext_lazy(
        "上一届 %(ends_on)s届满；提前或者延期一般不超过 %(months)s 个月，请核实批准文件。"
    ),
}

# What may be in order: somebody has to look, nothing is refused.
TO_CHECK: Final = frozenset({"notice_to_check", "notice_after_candidate"})


@dataclass(frozen=True, slots=True)
class Problem:
    """One objection. values: what its sentence speaks of. rule: what it follows from."""

    code: str
    rule: Rule
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_to_check(self) -> bool:
        return self.code in TO_CHECK

    @property
    def message(self) -> str:
        """The sentence, in the reader's language, which says what to do."""
        return str(MESSAGES[self.code]) % {name: _shown(value) for name, value in self.values.items()}


def _shown(value: Any) -> str:
    if isinstance(value, date):
        return _("%(year)s 年 %(month)s 月 %(day)s 日") % {
            "year": value.year,
            "month": value.month,
            "day": value.day,
        }
    return str(value)
