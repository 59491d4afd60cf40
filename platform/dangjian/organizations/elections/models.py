"""An election, who stood in it, and what was done to its record."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from dangjian.organizations.elections import judgement


class ElectionState(models.TextChoices):
    RECORDED = judgement.RECORDED, _("待报送")
    SUBMITTED = judgement.SUBMITTED, _("待审批")
    RETURNED = judgement.RETURNED, _("已退回")
    APPROVED = judgement.APPROVED, _("已批准")
    DISCARDED = judgement.DISCARDED, _("已作废")


class Election(models.Model):
    """换届选举 of one organisation, as its minutes tell it.

    The term counts from `held_on`; the elected hold their posts from `approved_on`. `shift_by`, `shift_document` and
    `shift_reason` are the approval to hold it early or late, where one was needed.
    """

    organization = models.ForeignKey(
        "organizations.Organization", on_delete=models.PROTECT, related_name="elections"
    )
    state = models.CharField(max_length=9, choices=ElectionState, default=ElectionState.RECORDED)
    held_on = models.DateField()
    document = models.CharField(max_length=60, help_text="number of the report on the election")
    committee = models.BooleanField(help_text="a committee was elected, not a secretary directly")
    seats = models.PositiveSmallIntegerField()
    eligible = models.PositiveIntegerField(help_text="those with a vote who were due to attend")
    present = models.PositiveIntegerField(help_text="those of them who came")
    issued = models.PositiveIntegerField(help_text="ballots")
    returned = models.PositiveIntegerField(help_text="ballots")
    valid = models.PositiveIntegerField(help_text="ballots")
    invalid = models.PositiveIntegerField(help_text="ballots")
    shift_by = models.ForeignKey(
        "organizations.Organization", on_delete=models.PROTECT, null=True, related_name="+"
    )
    shift_document = models.CharField(max_length=60, blank=True)
    shift_reason = models.CharField(max_length=200, blank=True)
    approved_on = models.DateField(null=True, help_text="the first day of the new posts")
    approval_document = models.CharField(max_length=60, blank=True)
    reminded_on = models.DateField(null=True, help_text="the day both sides were told that the term runs out")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "organizations"
        constraints = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=models.Q(state__in=judgement.OPEN),
                name="one_open_election",
            ),
            models.UniqueConstraint(
                fields=["organization", "held_on"],
                condition=models.Q(state=judgement.APPROVED),
                name="one_approved_election_a_day",
            ),
            models.CheckConstraint(
                condition=models.Q(approved_on__gte=models.F("held_on")), name="approved_after_election"
            ),
        ]
        indexes = [models.Index(fields=["-held_on", "-id"], name="election_newest")]

    def __str__(self) -> str:
        return f"{self.organization} {self.held_on}"


class ElectionCandidate(models.Model):
    """Somebody who stood, with the votes in favour; `post` is what they were elected to, empty for nothing."""

    election = models.ForeignKey(Election, on_delete=models.CASCADE, related_name="candidates")
    member = models.ForeignKey("organizations.Member", on_delete=models.PROTECT, related_name="+")
    votes = models.PositiveIntegerField()
    post = models.CharField(max_length=20, blank=True)

    class Meta:
        app_label = "organizations"
        constraints = [models.UniqueConstraint(fields=["election", "member"], name="one_row_per_candidate")]


class ElectionAct(models.TextChoices):
    RECORD = "record", _("记录选举")
    REVISE = "revise", _("修改")
    SUBMIT = "submit", _("报上级")
    DISCARD = "discard", _("作废")
    APPROVE = "approve", _("批准")
    RETURN = "return", _("退回")


class ElectionStep(models.Model):
    """One thing done to the record: who, when, why."""

    election = models.ForeignKey(Election, on_delete=models.CASCADE, related_name="steps")
    act = models.CharField(max_length=8, choices=ElectionAct)
    by = models.ForeignKey("organizations.Member", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "organizations"
        indexes = [models.Index(fields=["election", "at"], name="election_steps")]
