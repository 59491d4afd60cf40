"""What is kept of Party groups; Django finds it through `organizations.models`."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from dangjian.organizations.models import Member, Organization, _history

NAME_LENGTH = 20


class PartyGroup(models.Model):
    """党小组: a part of one branch and no organisation of its own: it has no committee and no audience
    (docs/decisions/0031-groups-are-parts-of-a-branch.md).

    `name` is today's; what it was called on other days, and since when there has been one, stands in its `periods`.
    """

    branch = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="party_groups")
    name = models.CharField(max_length=NAME_LENGTH)
    dissolved_on = models.DateField(null=True, help_text="the first day on which it is no more")
    version = models.PositiveIntegerField(default=1, help_text="raised by everything that changes it")

    history = _history(relations=("branch",))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["branch", "name"],
                condition=models.Q(dissolved_on=None),
                name="one_group_of_a_name_per_branch",
            )
        ]

    def __str__(self) -> str:
        return str(self.name)


class GroupPeriod(models.Model):
    """What a group was called from `since` until before `until` (None: still), as an organisation's periods tell it of
    an organisation. `act`, `reason` and `document` tell what began it."""

    group = models.ForeignKey(PartyGroup, on_delete=models.CASCADE, related_name="periods")
    since = models.DateField()
    until = models.DateField(null=True)
    name = models.CharField(max_length=NAME_LENGTH)
    act = models.CharField(max_length=12, help_text="form, rename")
    reason = models.CharField(max_length=200, blank=True)
    document = models.CharField(max_length=60, blank=True)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until__gt=models.F("since")), name="group_period_runs_forward"
            ),
            models.UniqueConstraint(
                fields=["group"], condition=models.Q(until=None), name="one_open_period_per_group"
            ),
        ]


class GroupMembership(models.Model):
    """A member in one group of their branch, from `since` until before `until` (None: still). leads: as its 组长.

    Nobody is in two groups on a day, and no group has two leaders (exclusion constraints). Each row lies within a
    membership in the group's branch: whoever leaves the branch leaves the group (`stays`).
    """

    group = models.ForeignKey(PartyGroup, on_delete=models.PROTECT, related_name="memberships")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="group_memberships")
    leads = models.BooleanField(default=False)
    since = models.DateField()
    until = models.DateField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    document = models.CharField(max_length=60, blank=True)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until__gt=models.F("since")), name="group_membership_runs_forward"
            )
        ]
