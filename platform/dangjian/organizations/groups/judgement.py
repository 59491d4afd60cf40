"""How a member's place in the groups of their branch changes on a day. Knows no query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from dangjian.api.problems import FieldError


@dataclass(frozen=True, slots=True)
class Stay:
    """In a group (its id and name) from `since` until before `until` (None: still). leads: as its leader."""

    group: int
    name: str
    since: date
    until: date | None = None
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the branch. arrived: the first day there; None: as far back as is known. last: the latest stay in any
    group."""

    name: str
    arrived: date | None = None
    last: Stay | None = None

    @property
    def group(self) -> int | None:
        """The one they are in now."""
        return self.last.group if self.last is not None and self.last.until is None else None

    @property
    def leads(self) -> bool:
        """Whether they lead the one they are in now."""
        return self.group is not None and self.last is not None and self.last.leads


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written. on: the day. ends: the last stay ends that day. never_was: it began that very day, and is
    taken back. begins: a stay in `group` begins."""

    on: date
    ends: bool = False
    never_was: bool = False
    begins: bool = False


def change(person: Person, *, group: int | None, leads: bool, on: date) -> Change | FieldError | None:
    """What has to be written for `person` to be in `group` (None: in none) from `on` on; None: it is so already.

    Who came to the branch after `on` is in the group from the day they came.
    """
    if (group, leads) == (person.group, person.leads):
        return None
    day = max(on, person.arrived or on)
    last = person.last
    if last is None:
        return Change(day, begins=True)
    if last.since > day:
        words = {"name": person.name, "group": last.name, "day": last.since.isoformat()}
        detail = _("%(name)s %(day)s 才编入%(group)s，日期不能在它之前。") % words
        return FieldError("/on", "before_last_change", detail)
    if last.until is not None and last.until > day:
        words = {"name": person.name, "group": last.name, "day": last.until.isoformat()}
        detail = _("%(name)s %(day)s 才离开%(group)s，日期不能在它之前。") % words
        return FieldError("/on", "before_last_change", detail)
    still = last.until is None
    same_day = still and last.since == day
    return Change(day, ends=still and not same_day, never_was=same_day, begins=group is not None)
