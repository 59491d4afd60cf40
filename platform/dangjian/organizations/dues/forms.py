"""What dues follow from, as it is filled in; the services have the last word."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from dangjian.organizations.dues import judgement
from dangjian.organizations.dues.models import Relief
from dangjian.organizations.models import Employment
from dangjian.organizations.services import REASON_LENGTH
from dangjian.organizations.transfers.forms import MonthField, Styled

NO_AMOUNT = _("金额写成 12.50 这样，最多两位小数。")


class AmountField(forms.CharField):
    """Money as people type it; cleaned to a Decimal, None for nothing."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "maxlength": 20}))
        super().__init__(**options)

    def to_python(self, value: Any) -> Any:
        try:
            return judgement.amount_of(super().to_python(value) or "")
        except ValueError as error:
            raise ValidationError(NO_AMOUNT, code="invalid") from error


class BasisForm(Styled):
    since = MonthField(label=_("从哪个月起"))
    kind = forms.ChoiceField(
        label=_("收入来源"),
        choices=[("", _("请选择")), *Employment.choices],
        error_messages={"required": _("请选择收入来源。")},
    )
    base = AmountField(
        label=_("每月收入（税后工资或离退休费，元）"),
        required=False,
        help_text=_("农民、学生、下岗失业等不用填。"),
    )
    relief = forms.ChoiceField(label=_("减免"), choices=Relief.choices, required=False)
    agreed = AmountField(
        label=_("商定的每月金额（元）"),
        required=False,
        help_text=_("农民党员在规定范围内商定的，或减少后的金额。"),
    )
    document = forms.CharField(label=_("文号"), max_length=60, required=False)
    reason = forms.CharField(
        label=_("原因"),
        max_length=REASON_LENGTH,
        help_text=_("减免要经支部党员大会讨论、上级批准，请写明。"),
        error_messages={"required": _("请写明原因，它会记入审计日志。")},
    )
