"""What an officer fills in to change what somebody is; the services have the last word."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dangjian.organizations.models import (
    Education,
    Employment,
    Leaving,
    Member,
    MemberStatus,
    Office,
    OfficeKind,
    Organization,
    OrganizationKind,
    Post,
    PostHeld,
    Sex,
)
from dangjian.organizations.services import NAME_LENGTH, REASON_LENGTH

_INDENT = "　"


class TreeField(forms.ModelChoiceField):
    """A choice of organisations in the tree's order, indented by their depth."""

    indented = True

    def label_from_instance(self, obj: Any) -> str:
        return f"{_INDENT * (obj.depth - 1) if self.indented else ''}{obj}"


class DayField(forms.DateField):
    """A day, picked as the browser lets one pick."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        options.setdefault(
            "error_messages",
            {"required": _("请选择日期。"), "invalid": _("这个日期不存在，请重新选择。")},
        )
        super().__init__(**options)


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("原因"),
        max_length=REASON_LENGTH,
        help_text=_("会记入审计日志。"),
        error_messages={
            "required": _("请写明原因，它会记入审计日志。"),
            "max_length": _("原因太长了，请写短一些。"),
        },
    )

    field_order = [
        "name", "kind", "post", "office", "held", "organization", "branch", "since", "until", "on", "document",
        "reason", "account",
    ]  # fmt: skip

    def __init__(
        self, *args: Any, member: Member, organizations: QuerySet[Organization], **kwargs: Any
    ) -> None:
        """`organizations`: those the officer looks after."""
        super().__init__(*args, **kwargs)
        self.member = member
        self.organizations = organizations
        for field in self.fields.values():
            if not isinstance(field, forms.BooleanField):
                field.widget.attrs |= {"class": "dj-input", "autocomplete": "off"}
        self.prepare()

    def prepare(self) -> None:
        """Fill the choices for `member`."""


class RenameForm(ReasonForm):
    name = forms.CharField(
        label=_("姓名"), max_length=NAME_LENGTH, error_messages={"required": _("请填写姓名。")}
    )

    def prepare(self) -> None:
        self.initial.setdefault("name", self.member.name)


class MoveForm(ReasonForm):
    branch = TreeField(
        label=_("转到"),
        queryset=Organization.objects.none(),
        empty_label=_("选择支部"),
        error_messages={"required": _("请选择一个支部。"), "invalid_choice": _("请选择一个支部。")},
    )

    since = DayField(label=_("从哪天起"), help_text=_("补记以前的日子也可以；名册按这一天算。"))
    document = forms.CharField(label=_("文号"), max_length=60, required=False)

    def prepare(self) -> None:
        self.initial.setdefault("since", timezone.localdate())
        branches = self.organizations.filter(kind=OrganizationKind.BRANCH)
        _choose(self.fields["branch"], branches.exclude(pk=self.member.branch_id), indented=False)


class GiveOfficeForm(ReasonForm):
    kind = forms.ChoiceField(
        label=_("职责"),
        choices=[("", _("选择职责")), *OfficeKind.choices],
        error_messages={"required": _("请选择一种职责。")},
    )
    organization = TreeField(
        label=_("负责范围"),
        queryset=Organization.objects.none(),
        empty_label=_("选择组织"),
        help_text=_("包括它下面的所有组织。"),
        error_messages={"required": _("请选择负责范围。"), "invalid_choice": _("请选择负责范围。")},
    )

    def prepare(self) -> None:
        _choose(self.fields["organization"], self.organizations)


class TakeOfficeForm(ReasonForm):
    office = forms.ModelChoiceField(
        label=_("收回哪一项"),
        queryset=Office.objects.none(),
        empty_label=None,
        error_messages={"required": _("请选择要收回的职责。"), "invalid_choice": _("这项职责已经收回了。")},
    )

    def prepare(self) -> None:
        field: Any = self.fields["office"]
        field.queryset = Office.objects.select_related("organization").filter(member=self.member)
        field.label_from_instance = lambda office: f"{office.get_kind_display()}　{office.organization}"


class SetPostForm(ReasonForm):
    post = forms.ChoiceField(
        label=_("职务"),
        choices=[("", _("选择职务")), *Post.choices],
        error_messages={"required": _("请选择一个职务。")},
    )
    organization = TreeField(
        label=_("在哪个组织"),
        queryset=Organization.objects.none(),
        empty_label=None,
        error_messages={"required": _("请选择组织。"), "invalid_choice": _("请选择组织。")},
    )
    since = DayField(label=_("任职日期"), required=False)

    def prepare(self) -> None:
        own = self.organizations.filter(path__in=self.member.branch.path_prefixes())
        _choose(self.fields["organization"], own, indented=False)
        self.initial.setdefault("organization", self.member.branch_id)


class EndPostForm(ReasonForm):
    held = forms.ModelChoiceField(
        label=_("免去哪一项"),
        queryset=PostHeld.objects.none(),
        empty_label=None,
        error_messages={"required": _("请选择要免去的职务。"), "invalid_choice": _("这项职务已经免去了。")},
    )
    until = DayField(label=_("从哪天起免去"))

    def prepare(self) -> None:
        self.initial.setdefault("until", timezone.localdate())
        field: Any = self.fields["held"]
        field.queryset = PostHeld.objects.select_related("organization").filter(member=self.member)
        field.label_from_instance = lambda held: f"{held.get_post_display()}　{held.organization}"


class LeaveForm(ReasonForm):
    kind = forms.ChoiceField(
        label=_("怎样离开"),
        choices=[("", _("选择情形")), *Leaving.choices],
        error_messages={"required": _("请选择离开名册的情形。")},
    )
    on = DayField(label=_("从哪天起不在名册"), help_text=_("这一天起不再计入；补记以前的日子也可以。"))
    document = forms.CharField(label=_("文号"), max_length=60, required=False)

    def prepare(self) -> None:
        self.initial.setdefault("on", timezone.localdate())
        # Offered to whom it can happen to; the service says why to whoever asks for it nevertheless.
        if self.member.status != MemberStatus.PROBATIONARY:
            kinds: Any = self.fields["kind"].widget
            kinds.choices = [each for each in kinds.choices if each[0] != Leaving.PROBATION_CANCELLED]


class RestoreForm(ReasonForm):
    branch = TreeField(
        label=_("编入哪个支部"),
        queryset=Organization.objects.none(),
        empty_label=_("选择支部"),
        error_messages={"required": _("请选择一个支部。"), "invalid_choice": _("请选择一个支部。")},
    )
    on = DayField(label=_("从哪天起"), help_text=_("中间的日子仍然不计入名册。"))
    document = forms.CharField(label=_("文号"), max_length=60, required=False)
    account = forms.BooleanField(label=_("同时恢复登录账号"), required=False)

    def prepare(self) -> None:
        self.initial.setdefault("on", timezone.localdate())
        self.initial.setdefault("account", True)
        branches = self.organizations.filter(kind=OrganizationKind.BRANCH)
        _choose(self.fields["branch"], branches, indented=False)
        self.initial.setdefault("branch", self.member.branch_id)


class TakeBackForm(ReasonForm):
    account = forms.BooleanField(label=_("同时恢复登录账号"), required=False)

    def prepare(self) -> None:
        self.initial.setdefault("account", True)


class CorrectForm(ReasonForm):
    """Everything of `particulars.Particulars` but the name, which has a form of its own."""

    status = forms.ChoiceField(label=_("人员类别"), choices=MemberStatus.choices)
    joined_on = DayField(label=_("入党日期"), required=False)
    converted_on = DayField(label=_("转正日期"), required=False)
    sex = forms.ChoiceField(label=_("性别"), choices=[("", "—"), *Sex.choices], required=False)
    born_on = DayField(label=_("出生日期"), required=False)
    nationality = forms.CharField(label=_("民族"), max_length=20, required=False)
    education = forms.ChoiceField(label=_("学历"), choices=[("", "—"), *Education.choices], required=False)
    employment = forms.ChoiceField(
        label=_("收入来源"), choices=[("", "—"), *Employment.choices], required=False,
        help_text=_("交党费按它算。"),
    )  # fmt: skip
    occupation = forms.CharField(label=_("职业"), max_length=30, required=False)
    phone = forms.CharField(
        label=_("手机号"), max_length=20, required=False, help_text=_("不改就空着；现在的号码不显示。")
    )
    id_number = forms.CharField(
        label=_("身份证号"), max_length=24, required=False, help_text=_("不改就空着；现在的号码不显示。")
    )
    is_floating = forms.BooleanField(label=_("流动党员"), required=False)
    in_hardship = forms.BooleanField(label=_("困难党员"), required=False)
    out_of_contact = forms.BooleanField(label=_("失联党员"), required=False)

    def prepare(self) -> None:
        for name in self.fields:
            if name not in {"phone", "id_number", "reason"}:
                self.initial.setdefault(name, getattr(self.member, name))

    def clean(self) -> dict[str, Any]:
        """Numbers left empty are left alone: the form cannot show what stands there."""
        given = super().clean() or {}
        return {name: value for name, value in given.items() if value or name not in {"phone", "id_number"}}


def _choose(field: forms.Field, organizations: QuerySet[Organization], *, indented: bool = True) -> None:
    tree: Any = field
    tree.queryset, tree.indented = organizations, indented
