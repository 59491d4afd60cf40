"""One request for one field, with what stood there when it was asked."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class CorrectionState(models.TextChoices):
    OPEN = "open", _("待处理")
    ACCEPTED = "accepted", _("已更正")
    DECLINED = "declined", _("没有同意")
    WITHDRAWN = "withdrawn", _("已撤回")


class CorrectedField(models.TextChoices):
    NAME = "name", _("姓名")
    SEX = "sex", _("性别")
    BORN_ON = "born_on", _("出生日期")
    NATIONALITY = "nationality", _("民族")
    EDUCATION = "education", _("学历")
    EMPLOYMENT = "employment", _("收入来源")
    OCCUPATION = "occupation", _("职业")
    PHONE = "phone", _("手机号")


class Correction(models.Model):
    """before, wanted: as the register writes them, a date as 1984-03-24; empty: nothing."""

    member = models.ForeignKey("organizations.Member", on_delete=models.CASCADE, related_name="corrections")
    field = models.CharField(max_length=12, choices=CorrectedField)
    before = models.CharField(max_length=50, blank=True)
    wanted = models.CharField(max_length=50)
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=9, choices=CorrectionState, default=CorrectionState.OPEN)
    created_at = models.DateTimeField(db_default=Now())
    settled_by = models.ForeignKey(
        "organizations.Member", on_delete=models.PROTECT, null=True, related_name="+"
    )
    settled_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=200, blank=True, help_text="why it was declined")

    class Meta:
        app_label = "organizations"
        constraints = [
            models.UniqueConstraint(
                fields=["member", "field"],
                condition=models.Q(state="open"),
                name="one_open_correction_per_field",
            )
        ]
        indexes = [models.Index(fields=["-created_at", "-id"], name="correction_newest")]
