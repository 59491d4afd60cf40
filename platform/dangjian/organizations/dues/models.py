"""What dues are reckoned from, what was reckoned, and the ledger of what was received."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from dangjian.organizations.dues import judgement

_MONEY: Any = {"max_digits": 9, "decimal_places": 2}


class Relief(models.TextChoices):
    NONE = "", _("不减免")
    REDUCED = judgement.REDUCED, _("少交")
    EXEMPT = judgement.EXEMPT, _("免交")


class DuesBasis(models.Model):
    """What a member's dues follow from, in the months from `since` until before `until` (None: still).

    The rows of one member never overlap (an exclusion constraint).
    """

    member = models.ForeignKey("organizations.Member", on_delete=models.PROTECT, related_name="dues_bases")
    since = models.DateField(help_text="first day of a month")
    until = models.DateField(null=True)
    kind = models.CharField(max_length=12)
    base = models.DecimalField(null=True, **_MONEY)
    agreed = models.DecimalField(null=True, **_MONEY)
    relief = models.CharField(max_length=8, choices=Relief, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    document = models.CharField(max_length=60, blank=True)
    by = models.ForeignKey("organizations.Member", on_delete=models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "organizations"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until__gt=models.F("since")), name="dues_basis_runs_forward"
            ),
            models.UniqueConstraint(
                fields=["member"], condition=models.Q(until=None), name="one_open_dues_basis_per_member"
            ),
        ]


class DuesSheet(models.Model):
    """A branch's month, from the first entry on; confirmed when the branch says it is complete."""

    branch = models.ForeignKey("organizations.Organization", on_delete=models.PROTECT, related_name="+")
    month = models.DateField()
    version = models.PositiveIntegerField(default=0, help_text="raised by each entry")
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(
        "organizations.Member", on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        app_label = "organizations"
        constraints = [
            models.UniqueConstraint(fields=["branch", "month"], name="one_sheet_per_branch_and_month")
        ]


class DuesCharge(models.Model):
    """What one member owes for one month, to the branch they began it in; fixed when the sheet is confirmed.

    amount: None while the base is missing. paid: the sum of its payments, counter-entries included.
    """

    member = models.ForeignKey("organizations.Member", on_delete=models.PROTECT, related_name="dues_charges")
    branch = models.ForeignKey("organizations.Organization", on_delete=models.PROTECT, related_name="+")
    month = models.DateField()
    kind = models.CharField(max_length=12, blank=True)
    base = models.DecimalField(null=True, **_MONEY)
    rate = models.DecimalField(null=True, max_digits=4, decimal_places=3)
    relief = models.CharField(max_length=8, choices=Relief, blank=True)
    amount = models.DecimalField(null=True, **_MONEY)
    paid = models.DecimalField(default=0, **_MONEY)
    confirmed = models.BooleanField(default=False)

    class Meta:
        app_label = "organizations"
        constraints = [
            models.UniqueConstraint(fields=["member", "month"], name="one_charge_per_member_and_month"),
            models.CheckConstraint(condition=models.Q(paid__gte=0), name="never_less_than_nothing_paid"),
        ]
        indexes = [
            models.Index(fields=["month", "branch"], name="dues_charge_by_month"),
            models.Index(
                fields=["branch", "month"],
                condition=models.Q(confirmed=True, paid__lt=models.F("amount")),
                name="dues_charge_open",
            ),
        ]


class Way(models.TextChoices):
    CASH = "cash", _("现金")
    TRANSFER = "transfer", _("转账")


class DuesPayment(models.Model):
    """An entry of the ledger; never changed, never deleted. A mistake is answered by a counter-entry (`reverses`)."""

    charge = models.ForeignKey(DuesCharge, on_delete=models.PROTECT, related_name="payments")
    amount = models.DecimalField(help_text="negative: a counter-entry", **_MONEY)
    way = models.CharField(max_length=8, choices=Way)
    received_on = models.DateField()
    by = models.ForeignKey("organizations.Member", on_delete=models.PROTECT, related_name="+")
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="reversed_by")
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "organizations"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, reverses=None)
                | models.Q(amount__lt=0, reverses__isnull=False),
                name="counter_entries_are_negative",
            )
        ]
