"""A case, what is recorded of its steps, its papers, what a superior was asked, and every change as a row."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dangjian.organizations import id_numbers, sealing
from dangjian.organizations.admission.steps import PAPERS, label
from dangjian.organizations.admission.words import ACTIONS, STAGES

_MEMBER = "organizations.Member"


class CaseState(models.TextChoices):
    ACTIVE = "active", _("在办")
    CANCELLED = "cancelled", _("已终止")
    COMPLETED = "completed", _("已转正")


class AdmissionCase(models.Model):
    """One person on the way in, in one branch. `member` once the acceptance is approved. `stage` is what the rules said
    after the last change; a page judges anew, for days pass."""

    branch = models.ForeignKey(
        "organizations.Organization", on_delete=models.PROTECT, related_name="admissions"
    )
    state = models.CharField(max_length=9, choices=CaseState, default=CaseState.ACTIVE)
    stage = models.CharField(max_length=12, choices=list(STAGES.items()), default="applicant")
    name = models.CharField(max_length=50)
    sex = models.CharField(max_length=6, blank=True)
    born_on = models.DateField()
    nationality = models.CharField(max_length=20, blank=True)
    education = models.CharField(max_length=16, blank=True)
    employment = models.CharField(max_length=12, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    id_number_sealed = models.TextField(blank=True, editable=False)
    member = models.OneToOneField(_MEMBER, on_delete=models.PROTECT, null=True, related_name="admission")
    special_case = models.BooleanField(default=False, help_text="the approval had a reason to take longer")
    extended_months = models.PositiveSmallIntegerField(
        null=True, help_text="by how much probation was extended"
    )
    restarted_from = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="restarted_as"
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["branch", "state"], name="admission_by_branch")]

    def __str__(self) -> str:
        return self.name

    @property
    def id_number(self) -> str:
        return sealing.unseal(self.id_number_sealed)

    @id_number.setter
    def id_number(self, number: str) -> None:
        self.id_number_sealed = sealing.seal(number)

    @property
    def masked_id_number(self) -> str:
        return id_numbers.masked(self.id_number)

    @property
    def is_active(self) -> bool:
        return self.state == CaseState.ACTIVE


class AdmissionStep(models.Model):
    """What is recorded of a step. data: counts of a vote (due, present, yes, written_yes), days and hours of training,
    the first and last day of a candidate's public notice (notice_from, notice_to: YYYY-MM-DD)."""

    case = models.ForeignKey(AdmissionCase, on_delete=models.CASCADE, related_name="steps")
    key = models.CharField(max_length=20)
    on = models.DateField()
    data = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "key"], name="one_row_per_admission_step")]


class CompanionRole(models.TextChoices):
    CONTACT = "contact", _("培养联系人")
    INTRODUCER = "introducer", _("入党介绍人")


class AdmissionCompanion(models.Model):
    """A full member who accompanies the person, or introduces them."""

    case = models.ForeignKey(AdmissionCase, on_delete=models.CASCADE, related_name="companions")
    member = models.ForeignKey(_MEMBER, on_delete=models.PROTECT, related_name="accompanied")
    role = models.CharField(max_length=10, choices=CompanionRole)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "role", "member"], name="one_row_per_companion")
        ]


class AdmissionPaper(models.Model):
    """A paper of the file. file: its name in the district's storage. kind: a key of `steps.PAPERS`, or empty: another
    one."""

    case = models.ForeignKey(AdmissionCase, on_delete=models.PROTECT, related_name="papers")
    step = models.CharField(max_length=20)
    kind = models.CharField(max_length=24, blank=True)
    name = models.CharField(max_length=120)
    file = models.CharField(max_length=120)
    media_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField(help_text="bytes")
    digest = models.CharField(max_length=64, help_text="SHA-256 of what is stored")
    by = models.ForeignKey(_MEMBER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    @property
    def label(self) -> str:
        """What it is; of one that no step asks for, the name it came with."""
        return str(PAPERS[self.kind][1].label) if self.kind in PAPERS else self.name

    @property
    def shown_size(self) -> str:
        """600 KB, 1.2 MB."""
        kilobytes = max(1, round(self.size / 1024))
        return f"{kilobytes} KB" if kilobytes < 1024 else f"{kilobytes / 1024:.1f} MB"


class Answer(models.TextChoices):
    ACCEPTED = "accepted", _("同意")
    RETURNED = "returned", _("退回")


class AdmissionRequest(models.Model):
    """What a branch asked its superior: to take note, examine, approve or extend. answer: empty while it waits."""

    case = models.ForeignKey(AdmissionCase, on_delete=models.CASCADE, related_name="requests")
    step = models.CharField(max_length=20, help_text="one of `steps.ASKABLE`")
    data = models.JSONField(default=dict)
    note = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(_MEMBER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    answer = models.CharField(max_length=8, choices=Answer, blank=True)
    answered_by = models.ForeignKey(_MEMBER, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "step"], condition=models.Q(answer=""), name="one_open_request_per_step"
            )
        ]
        indexes = [models.Index(fields=["at"], condition=models.Q(answer=""), name="admission_request_open")]

    @property
    def step_label(self) -> str:
        return label(self.step, timezone.localdate(self.answered_at) if self.answered_at else None)


class Transition(models.Model):
    """One change of a case: who, when, what, why. Never changed and never deleted.

    action: a key of `words.ACTIONS`. on: the day it speaks of. detail: for people who ask later (counts, names of
    papers), nothing secret.
    """

    case = models.ForeignKey(AdmissionCase, on_delete=models.PROTECT, related_name="transitions")
    action = models.CharField(max_length=16, choices=list(ACTIONS.items()))
    step = models.CharField(max_length=20, blank=True)
    from_stage = models.CharField(max_length=12, choices=list(STAGES.items()))
    to_stage = models.CharField(max_length=12, choices=list(STAGES.items()))
    on = models.DateField(null=True)
    by = models.ForeignKey(_MEMBER, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())
    reason = models.CharField(max_length=200, blank=True)
    detail: Any = models.JSONField(default=dict)

    class Meta:
        db_table = "organizations_admission_transition"
        indexes = [models.Index(fields=["case", "at"], name="admission_transitions")]

    @property
    def step_label(self) -> str:
        """Empty where it is about no step."""
        return label(self.step, self.on or timezone.localdate(self.at)) if self.step else ""
