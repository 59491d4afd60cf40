"""What an officer fills in to change the tree; the services have the last word."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dangjian.organizations.forms import DayField, TreeField
from dangjian.organizations.models import Member, Organization, OrganizationKind, Sector
from dangjian.organizations.services import REASON_LENGTH
from dangjian.organizations.structure import NAME_LENGTH, SHORT_NAME_LENGTH

_KINDS = [choice for choice in OrganizationKind.choices if choice[0] != OrganizationKind.DISTRICT]
_NAME = {"required": _("请填写组织名称。"), "max_length": _("名称太长了，请写短一些。")}


class ActForm(forms.Form):
    """`version` is what the officer saw of the organisation; the act is refused when it is no longer so."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    on = DayField(label=_("从哪天起"), help_text=_("批准的日子。补记以前的也可以，但不能早于上一次变动。"))
    document = forms.CharField(label=_("批准文号"), max_length=60, required=False)
    reason = forms.CharField(
        label=_("原因"),
        max_length=REASON_LENGTH,
        help_text=_("会写进组织沿革和审计日志。"),
        error_messages={
            "required": _("请写明原因，它会写进组织沿革和审计日志。"),
            "max_length": _("原因太长了，请写短一些。"),
        },
    )

    first: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, *args: Any, organization: Organization, organizations: QuerySet[Organization], **kwargs: Any
    ) -> None:
        """`organizations`: those the officer looks after."""
        super().__init__(*args, **kwargs)
        self.organization = organization
        self.organizations = organizations
        self.initial = {**self.initial, "version": organization.version, "on": timezone.localdate()}
        self.order_fields([*self.first, "on", "document", "reason", "version"])
        for name, field in self.fields.items():
            if name != "members":
                field.widget.attrs |= {"class": "dj-input", "autocomplete": "off"}
        self.prepare()
        if self.is_bound:
            for name in self.errors:
                if name in self.fields:
                    self.fields[name].widget.attrs |= {
                        "aria-invalid": "true",
                        "aria-describedby": f"id_{name}_error",
                    }

    def prepare(self) -> None:
        """Fill the choices for the organisation."""

    def put(self, name: str, queryset: QuerySet[Any]) -> None:
        field: Any = self.fields[name]
        field.queryset = queryset


def _pick(label: Any, *, required: bool = True, **options: Any) -> TreeField:
    words = _("请选择一个组织。")
    return TreeField(
        label=label,
        queryset=Organization.objects.none(),
        empty_label=_("选择组织"),
        required=required,
        error_messages={"required": words, "invalid_choice": words},
        **options,
    )


class RenameForm(ActForm):
    name = forms.CharField(label=_("全称"), max_length=NAME_LENGTH, error_messages=_NAME)
    short_name = forms.CharField(
        label=_("简称"),
        max_length=SHORT_NAME_LENGTH,
        required=False,
        help_text=_("名单里用的，不写就用全称。"),
    )
    sector = forms.ChoiceField(label=_("类别"), choices=[("", "—"), *Sector.choices], required=False)
    first: ClassVar[tuple[str, ...]] = ("name", "short_name", "sector")

    def prepare(self) -> None:
        for name in self.first:
            self.initial.setdefault(name, getattr(self.organization, name))


class CoverForm(ActForm):
    units = forms.CharField(
        label=_("覆盖的单位"),
        widget=forms.Textarea(attrs={"rows": 6}),
        required=False,
        help_text=_("一行一个。不是联合党支部就空着。"),
    )
    first: ClassVar[tuple[str, ...]] = ("units",)

    def prepare(self) -> None:
        self.initial.setdefault("units", self.organization.units)

    def clean_units(self) -> list[str]:
        return str(self.cleaned_data["units"]).splitlines()


class FoundForm(RenameForm):
    kind = forms.ChoiceField(
        label=_("组织类型"), choices=[("", _("选择类型")), *_KINDS],
        error_messages={"required": _("请选择组织类型。")},
    )  # fmt: skip
    first: ClassVar[tuple[str, ...]] = ("kind", "name", "short_name", "sector")

    def prepare(self) -> None:
        """Nothing of the organisation above is the new one's."""


class MoveForm(ActForm):
    parent = _pick(_("新的上级"))
    first: ClassVar[tuple[str, ...]] = ("parent",)

    def prepare(self) -> None:
        """Offer what it can stand below; another one that is asked for is the service's to refuse, which says why."""
        offered = ~Q(kind=OrganizationKind.BRANCH) & ~Q(path__startswith=self.organization.path)
        asked = str(self.data.get("parent", ""))
        if asked.isdecimal():
            offered |= Q(pk=asked)
        self.put("parent", self.organizations.filter(offered))


class SplitForm(ActForm):
    name = forms.CharField(label=_("新支部全称"), max_length=NAME_LENGTH, error_messages=_NAME)
    short_name = forms.CharField(label=_("新支部简称"), max_length=SHORT_NAME_LENGTH, required=False)
    members = forms.ModelMultipleChoiceField(
        label=_("分到新支部的党员"),
        queryset=Member.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("请选择分到新支部的党员。"),
            "invalid_choice": _("选中的党员已不在这个支部，请重新选择。"),
        },
    )
    first: ClassVar[tuple[str, ...]] = ("name", "short_name", "members")

    def prepare(self) -> None:
        self.put("members", Member.objects.filter(branch=self.organization).order_by("pinyin", "id"))


class MergeForm(ActForm):
    into = _pick(_("并入哪个支部"))
    first: ClassVar[tuple[str, ...]] = ("into",)

    def prepare(self) -> None:
        branches = self.organizations.filter(kind=OrganizationKind.BRANCH)
        self.put("into", branches.exclude(pk=self.organization.pk))


class DissolveForm(MergeForm):
    into = _pick(_("党员转到哪个支部"), required=False, help_text=_("还有党员的话必须选；一次全部转过去。"))
