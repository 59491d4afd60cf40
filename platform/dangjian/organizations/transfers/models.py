"""A transfer of membership, and what was done to it."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from dangjian.organizations.transfers import judgement


class TransferState(models.TextChoices):
    PROPOSED = judgement.PROPOSED, _("待接收")
    ACCEPTED = judgement.ACCEPTED, _("已接收")
    RETURNED = judgement.RETURNED, _("已退回")
    WITHDRAWN = judgement.WITHDRAWN, _("已撤回")


class Transfer(models.Model):
    """From one branch to another. `leaving` and `receiving` are its two legs.

    Until it is accepted the member belongs to `leaving`; `accepted_on` is the first day in `receiving`. What is due by
    when was fixed with the letter.
    """

    member = models.ForeignKey("organizations.Member", on_delete=models.PROTECT, related_name="transfers")
    leaving = models.ForeignKey("organizations.Organization", on_delete=models.PROTECT, related_name="+")
    receiving = models.ForeignKey("organizations.Organization", on_delete=models.PROTECT, related_name="+")
    year = models.PositiveIntegerField(help_text="of the letter")
    serial = models.PositiveIntegerField(help_text="of the letter, within its year")
    state = models.CharField(max_length=9, choices=TransferState, default=TransferState.PROPOSED)
    reason = models.CharField(max_length=200)
    proposed_on = models.DateField(help_text="the day of the letter")
    dues_until = models.DateField(null=True, help_text="first day of the last month dues are paid for")
    answer_by = models.DateField()
    valid_until = models.DateField()
    accepted_on = models.DateField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "organizations"
        constraints = [
            models.UniqueConstraint(fields=["year", "serial"], name="one_transfer_per_number"),
            models.UniqueConstraint(
                fields=["member"],
                condition=models.Q(state=judgement.PROPOSED),
                name="one_open_transfer_per_member",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_on__gte=models.F("proposed_on")), name="accepted_after_proposal"
            ),
            models.CheckConstraint(
                condition=~models.Q(leaving=models.F("receiving")), name="transfer_between_two"
            ),
        ]
        indexes = [
            models.Index(fields=["leaving", "-created_at"], name="transfer_by_leaving"),
            models.Index(fields=["receiving", "-created_at"], name="transfer_by_receiving"),
            models.Index(fields=["-created_at", "-id"], name="transfer_newest"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """〔2026〕0017, as letters are numbered."""
        return f"〔{self.year}〕{self.serial:04}"


class TransferAct(models.TextChoices):
    PROPOSE = "propose", _("提出转接")
    ACCEPT = "accept", _("接收")
    RETURN = "return", _("退回")
    WITHDRAW = "withdraw", _("撤回")


class TransferStep(models.Model):
    """One transition of a transfer: who, on which day, when it was written, why."""

    transfer = models.ForeignKey(Transfer, on_delete=models.CASCADE, related_name="steps")
    act = models.CharField(max_length=8, choices=TransferAct)
    by = models.ForeignKey("organizations.Member", on_delete=models.PROTECT, related_name="+")
    on = models.DateField()
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "organizations"
        constraints = [models.UniqueConstraint(fields=["transfer", "act"], name="each_act_once_per_transfer")]
