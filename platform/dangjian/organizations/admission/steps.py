"""The twenty-five steps, as data: whose each is, what it is judged by, and the papers it leaves in the file.

Twelve of them are judged by `dangjian.rules.admission` (`judged`); the others only have an order and papers, and
`rule` says where each stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

BRANCH: Final = "branch"
COMMITTEE: Final = "committee"
DISTRICT: Final = "district"
WHO: Final = {BRANCH: _("党支部"), COMMITTEE: _("基层党委"), DISTRICT: _("区委组织部")}
# The first day of the edition that has a superior consent to a candidate instead of taking note.
EDITION_OF_2026: Final = date(2026, 5, 11)
PHASES: Final = (
    _("申请入党"),
    _("入党积极分子的确定和培养教育"),
    _("发展对象的确定和考察"),
    _("预备党员的接收"),
    _("预备党员的教育考察和转正"),
)


@dataclass(frozen=True, slots=True)
class PaperKind:
    """A paper that a step leaves in the file. by: who brings it; required: without it the step is not complete."""

    key: str
    label: Any
    by: str = BRANCH
    required: bool = True


@dataclass(frozen=True, slots=True)
class StepKind:
    """One of the twenty-five. phase: index into `PHASES`. judged: the step of the rules it is, if it is one.

    by: whose act it is; what a superior does is asked for and answered. rule: what it rests on, without ``admission.``.
    dated: it has a day of its own; the time of probation has not. renamed: its label by the edition of 2026, where that
    calls it something else.
    """

    key: str
    phase: int
    label: Any
    rule: str
    judged: str = ""
    by: str = BRANCH
    papers: tuple[PaperKind, ...] = ()
    dated: bool = True
    renamed: Any = ""

    def label_on(self, day: date) -> str:
        """What it is called by the edition that holds on a day."""
        return str(self.renamed if self.renamed and day >= EDITION_OF_2026 else self.label)


STEPS: Final = (
    StepKind(
        "apply", 0, _("递交入党申请书"), "application", "apply",
        papers=(PaperKind("application", _("入党申请书")),),
    ),
    StepKind("talk", 0, _("派人谈话"), "talk_within", "talk", papers=(PaperKind("talk", _("谈话记录")),)),
    StepKind(
        "activist", 1, _("推荐和确定入党积极分子"), "activist_wait", "activist",
        papers=(PaperKind("nomination", _("推荐（推优）材料")), PaperKind("activist_minutes", _("支委会会议记录"))),
    ),
    StepKind(
        "activist_filing", 1, _("上级党委备案"), "activist_filing", by=COMMITTEE,
        papers=(PaperKind("activist_form", _("入党积极分子备案表")),),
    ),
    StepKind("contacts", 1, _("指定培养联系人"), "contacts"),
    StepKind(
        "observation", 1, _("培养教育考察"), "observation",
        papers=(PaperKind("observation", _("培养教育考察登记表")),),
    ),
    StepKind(
        "candidate", 2, _("确定发展对象"), "candidate_wait", "candidate",
        papers=(PaperKind("opinions", _("征求意见记录")), PaperKind("candidate_minutes", _("支委会会议记录"))),
    ),
    StepKind(
        "candidate_filing", 2, _("报上级党委备案"), "candidate_filing", by=COMMITTEE,
        papers=(PaperKind("candidate_form", _("发展对象备案表")),), renamed=_("报上级党委同意"),
    ),
    StepKind("introducers", 2, _("确定入党介绍人"), "introducers", "introducers"),
    StepKind("review", 2, _("进行政治审查"), "review", "review", papers=(PaperKind("review", _("政治审查结论")),)),
    StepKind(
        "training", 2, _("开展集中培训"), "training_days", "training",
        papers=(PaperKind("certificate", _("培训结业证明")),),
    ),
    StepKind(
        "branch_review", 3, _("支部委员会审查"), "branch_review",
        papers=(PaperKind("examination", _("支部委员会审查意见")),),
    ),
    StepKind(
        "pre_review", 3, _("上级党委预审"), "pre_review", by=COMMITTEE,
        papers=(PaperKind("pre_review", _("党委预审意见"), COMMITTEE),),
    ),
    StepKind(
        "form", 3, _("填写入党志愿书"), "application_form", papers=(PaperKind("form", _("入党志愿书")),)
    ),
    StepKind(
        "vote", 3, _("支部大会讨论接收"), "vote_present", "vote",
        papers=(PaperKind("vote_minutes", _("支部大会会议记录")), PaperKind("ballots", _("票决情况"), required=False)),
    ),
    StepKind(
        "committee_talk", 3, _("上级党委派人谈话"), "committee_talk", by=COMMITTEE,
        papers=(PaperKind("committee_talk", _("审批前谈话记录"), COMMITTEE),),
    ),
    StepKind(
        "approve", 3, _("上级党委审批"), "approval_within", "approve", by=COMMITTEE,
        papers=(PaperKind("approval", _("接收预备党员的批复"), COMMITTEE),),
    ),
    StepKind("district_filing", 3, _("再上一级党委组织部门备案"), "district_filing", by=DISTRICT),
    StepKind("assignment", 4, _("编入党支部和党小组"), "assignment"),
    StepKind("oath", 4, _("入党宣誓"), "oath"),
    StepKind(
        "probation", 4, _("继续教育考察"), "probation", "probation",
        papers=(PaperKind("probation", _("预备党员考察登记表")),), dated=False,
    ),
    StepKind(
        "conversion_request", 4, _("提出转正申请"), "conversion_request",
        papers=(PaperKind("conversion_request", _("转正申请书")),),
    ),
    StepKind(
        "conversion_vote", 4, _("支部大会讨论转正"), "vote_present", "conversion_vote",
        papers=(PaperKind("conversion_minutes", _("支部大会会议记录")),),
    ),
    StepKind(
        "conversion_approve", 4, _("上级党委审批转正"), "conversion_within", "conversion_approve", by=COMMITTEE,
        papers=(PaperKind("conversion_approval", _("转正的批复"), COMMITTEE),),
    ),
    StepKind("archive", 4, _("材料归档"), "archive"),
)  # fmt: skip
BY_KEY: Final = {step.key: step for step in STEPS}
NUMBERS: Final = {step.key: number for number, step in enumerate(STEPS, start=1)}
PAPERS: Final = {paper.key: (step, paper) for step in STEPS for paper in step.papers}
# What else a superior is asked for, beside steps of their own.
EXTENSION: Final = "extension"
EXTENSION_LABEL: Final = _("延长预备期")
ASKABLE: Final = (*(step.key for step in STEPS if step.by != BRANCH), EXTENSION)


def label(key: str, on: date | None = None) -> str:
    """A step's name on that day, or today; or the extension's."""
    return str(EXTENSION_LABEL) if key == EXTENSION else BY_KEY[key].label_on(on or timezone.localdate())
