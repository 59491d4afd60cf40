"""What becomes of people's places in a group when they leave its branch, and of the groups when the branch ends.

Within the caller's transaction, with the member (or all members of the branch) held.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db.models import F, Q
from django.utils.translation import gettext as _

from dangjian.api.problems import FieldError, refused
from dangjian.organizations.groups.models import GroupMembership, GroupPeriod, PartyGroup
from dangjian.organizations.models import Member, Organization


def end(member: Member, *, on: date) -> None:
    """Have the member in no group from `on` on. What began on that day or later never was."""
    later = GroupMembership.objects.filter(member=member).filter(Q(until=None) | Q(until__gt=on))
    touched = set(later.values_list("group", flat=True))
    if not touched:
        return
    later.filter(since__gte=on).delete()
    later.update(until=on)
    changed(touched)


def resume(member: Member, *, on: date) -> None:
    """Have it that the member's place in a group did not end on `on`, as far as the group is still there; as its leader
    where nobody else has led it since."""
    ended = (
        GroupMembership.objects.select_related("group")
        .filter(member=member, until=on, group__branch=member.branch_id, group__dissolved_on=None)
        .first()
    )
    if ended is None:
        return
    led_since = GroupMembership.objects.filter(group=ended.group, leads=True).filter(
        Q(until=None) | Q(until__gt=on)
    )
    if ended.leads and led_since.exists():
        GroupMembership.objects.create(group=ended.group, member=member, since=on)
    else:
        ended.until = None
        ended.save(update_fields=["until"])
    changed({ended.group_id})


def end_all(branch: Organization, *, on: date) -> list[PartyGroup]:
    """End the groups of a branch that is no more from `on` on; everybody has left them by then. Their rows are the
    caller's to sign and to save.

    Raises:
        Problem: 422 (``on``), one of them has changed on that day or later.
    """
    of_branch = GroupPeriod.objects.filter(group__branch=branch)
    last = of_branch.filter(Q(since__gte=on) | Q(until__gt=on)).order_by("-since", "id").first()
    if last is not None:
        words = {"name": last.name, "day": (last.until or last.since).isoformat()}
        detail = _("%(name)s 在 %(day)s 还有变动，撤销的日期要在它之后。") % words
        raise refused(FieldError("/on", "before_last_change", detail))
    of_branch.filter(until=None).update(until=on)
    ended = list(PartyGroup.objects.filter(branch=branch, dissolved_on=None))
    for group in ended:
        group.dissolved_on = on
        group.version += 1
    return ended


def changed(groups: Collection[int]) -> None:
    """Raise the versions of these groups; who is in them is told by rows of its own, and no row of their history."""
    PartyGroup.objects.filter(pk__in=groups).update(version=F("version") + 1)
