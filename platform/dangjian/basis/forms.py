"""What the reckoners ask for. Dates as browsers' own pickers give them; nothing is kept."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dangjian.api.words import NO_SUCH_DAY
from dangjian.basis import words
from dangjian.basis.api import DAY_LIMITS, MOST_PEOPLE, NO_BASE
from dangjian.rules import dues
from dangjian.rules.admission import Case, Training, Vote


class _DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__({"class": "dj-input"}, "%Y-%m-%d")


class DayField(forms.DateField):
    def __init__(self, label: Any, **options: Any) -> None:
        super().__init__(
            label=label,
            widget=_DayInput(),
            input_formats=["%Y-%m-%d"],
            validators=DAY_LIMITS,
            error_messages={"required": gettext_lazy("请填写日期。"), "invalid": NO_SUCH_DAY},
            **options,
        )


class CountField(forms.IntegerField):
    def __init__(self, label: Any, *, most: int = MOST_PEOPLE, **options: Any) -> None:
        super().__init__(
            label=label,
            min_value=0,
            max_value=most,
            required=False,
            widget=forms.TextInput({"class": "dj-input", "inputmode": "numeric"}),
            error_messages={
                "invalid": gettext_lazy("请填写一个整数。"),
                "min_value": gettext_lazy("不能小于 0。"),
                "max_value": gettext_lazy("这个数太大了，请核实。"),
            },
            **options,
        )


class _Form(forms.Form):
    """Wrong fields are marked, and their messages named by what `aria-describedby` points at."""

    use_required_attribute = False
    marks_optional = True  # beside each field that may stay empty

    def marked(self) -> _Form:
        """The form with its faults on the fields, the first of them in focus."""
        for number, name in enumerate(name for name in self.fields if name in self.errors):
            attributes = self.fields[name].widget.attrs
            attributes["aria-invalid"] = "true"
            if number == 0:
                attributes["autofocus"] = True
        return self

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields below their headings; one group without a heading where a form has none."""
        return [("", list(self))]


class OnForm(_Form):
    on = DayField(gettext_lazy("看哪一天"), required=False)


class DuesForm(_Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("身份"),
        choices=list(words.DUES_KINDS.items()),
        widget=forms.Select({"class": "dj-input"}),
        error_messages={"invalid_choice": gettext_lazy("请从列出的身份里选一种。")},
    )
    monthly_base = forms.DecimalField(
        label=gettext_lazy("每月收入（税后，元）"),
        help_text=gettext_lazy("离退休的填养老金总额；农民、学生等不用填。"),
        required=False,
        min_value=0,
        max_digits=11,
        decimal_places=2,
        widget=forms.TextInput({"class": "dj-input", "inputmode": "decimal", "placeholder": "5000.00"}),
        error_messages={
            "invalid": gettext_lazy("请填写数字，比如 5000.00。"),
            "min_value": gettext_lazy("不能小于 0。"),
            "max_digits": gettext_lazy("这个数太大了，请核实。"),
            "max_whole_digits": gettext_lazy("这个数太大了，请核实。"),
            "max_decimal_places": gettext_lazy("最多写到分，两位小数。"),
        },
    )
    on = DayField(gettext_lazy("月份里的任一天"))

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        needs = given.get("kind") in dues.BY_BASE
        if needs and given.get("monthly_base") is None and "monthly_base" not in self.errors:
            self.add_error("monthly_base", str(NO_BASE))
        return given


class TermForm(_Form):
    organization_kind = forms.ChoiceField(
        label=gettext_lazy("哪一种党组织"),
        choices=list(words.ORGANIZATION_KINDS.items()),
        widget=forms.Select({"class": "dj-input"}),
        error_messages={"invalid_choice": gettext_lazy("请从列出的党组织里选一种。")},
    )
    elected_on = DayField(gettext_lazy("本届当选日期"))
    today = DayField(gettext_lazy("按哪一天看"))


_APPLYING: Final = ("born_on", "applied_on", "talked_on", "activist_on")
_TRAINING: Final = (
    "notice_from",
    "notice_to",
    "candidate_on",
    "introducers",
    "political_review_on",
    "training_days",
    "training_hours",
)
_VOTING: Final = (
    "pre_review_on",
    "vote_on",
    "due",
    "present",
    "yes",
    "written_yes",
    "approved_on",
    "special_case",
)
_CONVERTING: Final = ("oath_on", "extended_months", "conversion_vote_on", "conversion_approved_on", "today")


class AdmissionForm(_Form):
    marks_optional = False  # nearly all may: the page says so once

    born_on = DayField(gettext_lazy("出生日期"))
    applied_on = DayField(gettext_lazy("递交申请书"))
    talked_on = DayField(gettext_lazy("派人谈话"), required=False)
    activist_on = DayField(gettext_lazy("确定为积极分子"), required=False)
    notice_from = DayField(gettext_lazy("公示开始"), required=False)
    notice_to = DayField(gettext_lazy("公示结束"), required=False)
    candidate_on = DayField(gettext_lazy("列为发展对象"), required=False)
    introducers = CountField(gettext_lazy("介绍人（正式党员）几名"))
    political_review_on = DayField(gettext_lazy("政治审查完成"), required=False)
    training_days = CountField(gettext_lazy("集中培训天数"))
    training_hours = CountField(gettext_lazy("集中培训学时"))
    pre_review_on = DayField(gettext_lazy("党委预审合格"), required=False)
    vote_on = DayField(gettext_lazy("支部大会日期"), required=False)
    due = CountField(gettext_lazy("应到会有表决权人数"))
    present = CountField(gettext_lazy("其中到会"))
    yes = CountField(gettext_lazy("到会的赞成票"))
    written_yes = CountField(gettext_lazy("会前书面赞成"))
    approved_on = DayField(gettext_lazy("党委批准接收"), required=False)
    special_case = forms.BooleanField(label=gettext_lazy("审批有特殊情况"), required=False)
    oath_on = DayField(gettext_lazy("入党宣誓"), required=False)
    extended_months = CountField(gettext_lazy("延长预备期几个月"), most=120)
    conversion_vote_on = DayField(gettext_lazy("讨论转正的支部大会"), required=False)
    conversion_approved_on = DayField(gettext_lazy("党委批准转正"), required=False)
    today = DayField(gettext_lazy("按哪一天看"))

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        headed = (
            (_("申请和培养"), _APPLYING),
            (_("发展对象"), _TRAINING),
            (_("支部大会和审批"), _VOTING),
            (_("预备期和转正"), _CONVERTING),
        )
        return [(heading, [self[name] for name in names]) for heading, names in headed]

    def case(self) -> Case:
        """What was filled in; a vote or training with every field empty was not."""
        given = self.cleaned_data
        vote = {name: given[name] for name in ("due", "present", "yes")} | {"on": given["vote_on"]}
        written = given["written_yes"]
        has_vote = written is not None or any(value is not None for value in vote.values())
        days, hours = given["training_days"], given["training_hours"]
        trained = days is not None or hours is not None
        plain = (
            "born_on", "applied_on", "today", "talked_on", "activist_on", "candidate_on", "introducers",
            "political_review_on", "special_case", "approved_on", "extended_months", "conversion_vote_on",
            "conversion_approved_on", "notice_from", "notice_to", "pre_review_on", "oath_on",
        )  # fmt: skip
        return Case(
            **{name: given[name] for name in plain},
            vote=Vote(**vote, written_yes=written or 0) if has_vote else None,
            training=Training(days or 0, hours or 0) if trained else None,
        )


def first_of_all() -> dict[str, date]:
    """What forms show before they are filled in."""
    today = timezone.localdate()
    return {"on": today, "today": today}
