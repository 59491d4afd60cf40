"""What is filled in to propose a transfer and to settle it; the services have the last word."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dangjian.organizations.forms import DayField
from dangjian.organizations.models import Member, Organization
from dangjian.organizations.services import REASON_LENGTH
from dangjian.organizations.transfers import access

_MONTH = re.compile(r"(\d{4})-(\d{1,2})\Z")


class MonthField(forms.CharField):
    """A month, picked as the browser lets one pick, or typed as 2026-11; cleaned to its first day, None for none."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.TextInput(attrs={"type": "month", "placeholder": "2026-11"}))
        super().__init__(**options)

    def to_python(self, value: Any) -> Any:
        text = (super().to_python(value) or "").strip()
        if not text:
            return None
        found = _MONTH.match(text)
        try:
            return date(int(found[1]), int(found[2]), 1) if found else self._fail()
        except ValueError:
            return self._fail()

    def prepare_value(self, value: Any) -> Any:
        return f"{value:%Y-%m}" if isinstance(value, date) else value

    def _fail(self) -> Any:
        raise ValidationError(_("月份写成 2026-11 这样。"), code="invalid")


class Styled(forms.Form):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            field.widget.attrs |= {"class": "dj-input", "autocomplete": "off"}


def _reason(label: Any, **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=REASON_LENGTH,
        error_messages={
            "required": _("请写明原因，对方和本人都会看到。"),
            "max_length": _("原因太长了，请写短一些。"),
        },
        **options,
    )


class ProposeForm(Styled):
    member = forms.ModelChoiceField(
        label=_("转出的党员"),
        queryset=Member.objects.none(),
        empty_label=_("选择党员"),
        error_messages={"required": _("请选择党员。"), "invalid_choice": _("请选择党员。")},
    )
    receiving = forms.ModelChoiceField(
        label=_("转到哪个支部"),
        queryset=Organization.objects.none(),
        error_messages={"required": _("请选择一个支部。"), "invalid_choice": _("请选择一个支部。")},
    )
    reason = _reason(
        _("原因"),
        help_text=_("比如：调到新单位工作，搬到新社区居住，毕业后到村里工作。介绍信和对方都会看到。"),
    )
    on = DayField(label=_("介绍信日期"))
    dues_until = MonthField(
        label=_("党费交到哪个月"), required=False, help_text=_("写在介绍信上；不知道就空着。")
    )

    def __init__(self, *args: Any, actor: Member, members: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["on"].initial = timezone.localdate()
        who: Any = self.fields["member"]
        who.queryset = members
        who.label_from_instance = lambda member: f"{member.name}（{member.get_status_display()}）"
        where: Any = self.fields["receiving"]
        where.queryset = access.receivers()
        where.choices = _by_committee(where.queryset)


class AcceptForm(Styled):
    on = DayField(label=_("从哪天起编入本支部"))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["on"].initial = timezone.localdate()


class ReturnForm(Styled):
    reason = _reason(_("退回的原因"))


class WithdrawForm(Styled):
    reason = _reason(_("撤回的原因"))


def _by_committee(branches: Any) -> list[Any]:
    """The branches grouped under what is above them, in the tree's order."""
    found = list(branches)
    names = dict(
        Organization.objects.filter(path__in={each.parent_path for each in found}).values_list(
            "path", "short_name"
        )
    )
    groups: dict[str, list[tuple[int, str]]] = {}
    for each in found:
        groups.setdefault(names.get(each.parent_path, ""), []).append((each.pk, str(each)))
    return [("", _("选择支部")), *groups.items()]
