"""What is filled in for a case; the services and the rules have the last word."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dangjian.organizations.admission import services
from dangjian.organizations.admission.models import AdmissionCase
from dangjian.organizations.admission.steps import BY_KEY
from dangjian.organizations.forms import DayField
from dangjian.organizations.models import Education, Employment, Member, Sex
from dangjian.organizations.services import NAME_LENGTH, REASON_LENGTH

_MOST: Final = 10_000
_DATES: Final = {
    "vote": _("支部大会日期"),
    "conversion_vote": _("支部大会日期"),
    "review": _("作出结论的日期"),
    "training": _("结业日期"),
    "observation": _("最近一次考察的日期"),
    "candidate": _("列为发展对象的日期"),
}


class AdmissionForm(forms.Form):
    """Wrong fields are marked and described by their messages; the first of them has the focus."""

    use_required_attribute = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            if not isinstance(field.widget, forms.CheckboxInput | forms.CheckboxSelectMultiple):
                field.widget.attrs |= {"class": "dj-input", "autocomplete": "off"}

    def take(self, problem: Any) -> None:
        """Put a refusal's objections where they belong."""
        for error in problem.errors:
            name = error.pointer.removeprefix("/")
            self.add_error(name if name in self.fields else None, error.detail)
        if not problem.errors:
            self.add_error(None, problem.detail)

    def marked(self) -> AdmissionForm:
        for number, name in enumerate(name for name in self.fields if name in self.errors):
            self.fields[name].widget.attrs["aria-invalid"] = "true"
            if number == 0:
                self.fields[name].widget.attrs["autofocus"] = True
        return self


class _Count(forms.IntegerField):
    def __init__(self, label: Any, **options: Any) -> None:
        super().__init__(
            label=label, min_value=0, max_value=_MOST, required=False,
            widget=forms.TextInput({"inputmode": "numeric"}),
            error_messages={
                "invalid": _("请填写一个整数。"),
                "min_value": _("不能小于 0。"),
                "max_value": _("这个数太大了，请核实。"),
            },
            **options,
        )  # fmt: skip


class _Reason(forms.CharField):
    def __init__(self, label: Any, **options: Any) -> None:
        super().__init__(
            label=label, max_length=REASON_LENGTH,
            error_messages={
                "required": _("请写明原因，它会记入审计日志。"),
                "max_length": _("原因太长了，请写短一些。"),
            },
            **options,
        )  # fmt: skip


class PersonForm(AdmissionForm):
    """Who applies."""

    name = forms.CharField(
        label=_("姓名"), max_length=NAME_LENGTH, error_messages={"required": _("请填写姓名。")}
    )
    applied_on = DayField(label=_("递交申请书的日期"))
    id_number = forms.CharField(
        label=_("身份证号"), required=False, max_length=30,
        help_text=_("填了就自动得出性别和出生日期。存时加密，页面上只显示头尾。"),
    )  # fmt: skip
    sex = forms.ChoiceField(label=_("性别"), required=False, choices=[("", _("没有填")), *Sex.choices])
    born_on = DayField(label=_("出生日期"), required=False)
    nationality = forms.CharField(label=_("民族"), required=False, max_length=20)
    education = forms.ChoiceField(
        label=_("学历"), required=False, choices=[("", _("没有填")), *Education.choices]
    )
    employment = forms.ChoiceField(
        label=_("收入来源"), required=False, choices=[("", _("没有填")), *Employment.choices]
    )
    phone = forms.CharField(label=_("手机号"), required=False, max_length=20)

    def __init__(self, *args: Any, correcting: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["phone"].widget.attrs["inputmode"] = "tel"
        if correcting:
            del self.fields["applied_on"]
            self.fields["reason"] = _Reason(_("为什么更正"))
            self.fields["reason"].widget.attrs |= {"class": "dj-input", "autocomplete": "off"}


class MemberChoices(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class StepForm(AdmissionForm):
    """One of the branch's steps. again: it is recorded already, and this corrects it; unnoticed: only its public notice
    is still to be recorded."""

    on = DayField(label=_("日期"))

    def __init__(
        self, *args: Any, case: AdmissionCase, step: str, again: bool, unnoticed: bool = False, due: int | None = None,
        **options: Any,
    ) -> None:  # fmt: skip
        """due: how many of the branch could vote today, as a hint."""
        super().__init__(*args, **options)
        self.fields["on"].label = _DATES.get(step, _("日期"))
        self.fields["on"].widget.attrs["max"] = timezone.localdate().isoformat()
        if step in services.COMPANIONS:
            found = services.companions_of(case)
            self.fields["members"] = MemberChoices(
                label=BY_KEY[step].label, queryset=found, widget=forms.CheckboxSelectMultiple,
                help_text=_("从本支部的正式党员里选。"),
                error_messages={"required": _("请从本支部的正式党员里选。")},
            )  # fmt: skip
        elif step == "candidate":
            self.fields["notice_from"] = DayField(label=_("公示开始"), required=unnoticed)
            self.fields["notice_to"] = DayField(
                label=_("公示结束"), required=unnoticed,
                help_text=_(
                    "2026 年 5 月 11 日起，列为发展对象以前要公示，不少于 5 个工作日。还没有结束的，以后再补。"
                ),
            )  # fmt: skip
        elif step == "training":
            self.fields["days"] = _Count(_("天数"))
            self.fields["hours"] = _Count(_("学时"))
        elif step in services.VOTES:
            hint = _("名册里现在有表决权的正式党员 %(n)s 名。") % {"n": due} if due is not None else ""
            self.fields["due"] = _Count(_("应到会有表决权人数"), help_text=hint)
            self.fields["present"] = _Count(_("其中到会"))
            self.fields["yes"] = _Count(_("到会的赞成票"))
            self.fields["written_yes"] = _Count(_("会前书面赞成"))
        if unnoticed:
            del self.fields["on"]
        elif again:
            self.fields["reason"] = _Reason(_("为什么更正"))
        for name in self.fields.keys() - {"on", "members"}:
            self.fields[name].widget.attrs |= {"class": "dj-input", "autocomplete": "off"}


class AskForm(AdmissionForm):
    note = forms.CharField(label=_("要说明的"), required=False, max_length=REASON_LENGTH)

    def __init__(self, *args: Any, extends: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        if extends:
            self.fields = {"months": _Count(_("延长几个月")), **self.fields}
            self.fields["months"].widget.attrs |= {"class": "dj-input", "autocomplete": "off"}


class AnswerForm(AdmissionForm):
    """A superior's answer. special: the approval may take longer for a reason."""

    on = DayField(label=_("日期"))
    special_case = forms.BooleanField(label=_("有特殊情况，超过了通常的期限"), required=False)
    reason = forms.CharField(
        label=_("意见或原因"), required=False, max_length=REASON_LENGTH,
        help_text=_("退回、有特殊情况时要写，支部看得到。"),
    )  # fmt: skip

    def __init__(self, *args: Any, special: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["on"].widget.attrs["max"] = timezone.localdate().isoformat()
        if not special:
            del self.fields["special_case"]


class EndForm(AdmissionForm):
    """Ending a case, or beginning again (then with the day of the new application)."""

    reason = _Reason(_("原因"))

    def __init__(self, *args: Any, again: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        if again:
            self.fields = {"applied_on": DayField(label=_("新的申请日期")), **self.fields}
            self.fields["applied_on"].widget.attrs |= {"class": "dj-input"}


class WhatIfForm(AdmissionForm):
    """Days that are not recorded yet, as they might come."""

    activist = DayField(label=_("确定为积极分子"), required=False)
    notice_from = DayField(label=_("公示开始"), required=False)
    notice_to = DayField(label=_("公示结束"), required=False)
    candidate = DayField(label=_("列为发展对象"), required=False)
    review = DayField(label=_("政治审查完成"), required=False)
    pre_review = DayField(label=_("党委预审合格"), required=False)
    vote = DayField(label=_("支部大会讨论接收"), required=False)
    approve = DayField(label=_("党委审批接收"), required=False)
    oath = DayField(label=_("入党宣誓"), required=False)
    extended_months = _Count(_("延长预备期几个月"))
    conversion_vote = DayField(label=_("支部大会讨论转正"), required=False)
    conversion_approve = DayField(label=_("党委审批转正"), required=False)

    def __init__(
        self, *args: Any, entries: Any, member: Member | None, noticed: bool, **options: Any
    ) -> None:
        """Without the steps that are recorded: what has happened is no question any more. noticed: so is the notice."""
        super().__init__(*args, **options)
        for name in services.NOTICE if noticed else ():
            del self.fields[name]
        for name in list(self.fields):
            extended = name == "extended_months" and member is not None and "conversion_vote" in entries
            if name in entries or extended:
                del self.fields[name]
