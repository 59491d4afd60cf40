"""What an officer fills in to change what somebody is; the services have the last word."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from dangjian.organizations.models import (
    Member,
    Office,
    OfficeKind,
    Organization,
    OrganizationKind,
    Post,
    PostHeld,
)
from dangjian.organizations.services import NAME_LENGTH, REASON_LENGTH

_INDENT = "　"


class TreeField(forms.ModelChoiceField):
    """A choice of organisations in the tree's order, indented by their depth."""

    indented = True

    def label_from_instance(self, obj: Any) -> str:
        return f"{_INDENT * (obj.depth - 1) if self.indented else ''}{obj}"


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

    field_order = ["name", "kind", "post", "office", "held", "organization", "branch", "since", "reason"]

    def __init__(
        self, *args: Any, member: Member, organizations: QuerySet[Organization], **kwargs: Any
    ) -> None:
        """`organizations`: those the officer looks after."""
        super().__init__(*args, **kwargs)
        self.member = member
        self.organizations = organizations
        for field in self.fields.values():
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

    def prepare(self) -> None:
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
    since = forms.DateField(
        label=_("任职日期"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("这个日期不存在，请重新选择。")},
    )

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

    def prepare(self) -> None:
        field: Any = self.fields["held"]
        field.queryset = PostHeld.objects.select_related("organization").filter(member=self.member)
        field.label_from_instance = lambda held: f"{held.get_post_display()}　{held.organization}"


def _choose(field: forms.Field, organizations: QuerySet[Organization], *, indented: bool = True) -> None:
    tree: Any = field
    tree.queryset, tree.indented = organizations, indented
