"""Whether somebody may leave the register on a day, or come back to it. Knows no query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from dangjian.api.problems import FieldError
from dangjian.organizations.models import Leaving, MemberStatus
from dangjian.organizations.particulars import FIRST_CONGRESS


@dataclass(frozen=True, slots=True)
class Person:
    """What of a member the judgement asks for.

    since: the first day in the present branch. changed_on: the latest day of a post that began or ended, or of the
    conversion. left_on, left_kind: where they have left.
    """

    name: str
    status: str
    joined_on: date | None = None
    since: date | None = None
    changed_on: date | None = None
    left_on: date | None = None
    left_kind: str = ""


def leaving(person: Person, *, kind: str, on: date, today: date) -> FieldError | None:
    """What speaks against their leaving in that way, `on` being the first day on which they are no longer there."""
    if person.left_on is not None:
        return FieldError("/member", "left", gone(person.name, person.left_on, person.left_kind))
    if kind not in Leaving.values:
        return FieldError("/kind", "unknown", _("请选择离开名册的情形。"))
    if kind == Leaving.PROBATION_CANCELLED and person.status != MemberStatus.PROBATIONARY:
        detail = _("%(name)s是正式党员，没有预备党员资格可以取消。请选别的情形。")
        return FieldError("/kind", "not_probationary", detail % {"name": person.name})
    if on > today:
        return _in_future()
    if on < FIRST_CONGRESS:
        return FieldError("/on", "too_early", _("日期早于 1921 年 7 月，请核实。"))
    if person.joined_on is not None and on <= person.joined_on:
        words = {"name": person.name, "day": person.joined_on.isoformat()}
        detail = _("%(name)s %(day)s 才入党，离开的日期要在这之后。请核实。")
        return FieldError("/on", "before_joining", detail % words)
    if person.since is not None and on <= person.since:
        words = {"name": person.name, "day": person.since.isoformat()}
        detail = _("%(name)s %(day)s 才到现在的支部，离开的日期要在这之后。请核实。")
        return FieldError("/on", "before_last_change", detail % words)
    if person.changed_on is not None and on < person.changed_on:
        words = {"name": person.name, "day": person.changed_on.isoformat()}
        detail = _("名册里 %(day)s 还有%(name)s的任免或转正，离开的日期不能在它之前。请核实。")
        return FieldError("/on", "before_last_change", detail % words)
    return None


def coming_back(person: Person, *, on: date, today: date) -> FieldError | None:
    """What speaks against their being in the register again from `on` on."""
    if person.left_on is None:
        return _present(person)
    if person.left_kind == Leaving.DECEASED:
        detail = _("记的是去世，不能恢复。如果是记错了，请办“撤回离开记录”。")
        return FieldError("/member", "deceased", detail)
    if on > today:
        return _in_future()
    if on < person.left_on:
        words = {"name": person.name, "day": person.left_on.isoformat()}
        detail = _("%(name)s %(day)s 才离开名册，恢复的日期不能在它之前。")
        return FieldError("/on", "before_leaving", detail % words)
    return None


def taking_back(person: Person) -> FieldError | None:
    """What speaks against their never having left."""
    return _present(person) if person.left_on is None else None


def gone(name: str, on: date, kind: str) -> str:
    """That somebody has left, for whoever wants to do something to them."""
    words = {"name": name, "day": on.isoformat(), "how": Leaving(kind).label}
    return _("%(name)s已于 %(day)s 离开名册（%(how)s）。") % words


def _present(person: Person) -> FieldError:
    return FieldError("/member", "present", _("%(name)s就在名册里，不用恢复。") % {"name": person.name})


def _in_future() -> FieldError:
    return FieldError("/on", "in_future", _("日期在今天之后。到了那一天再办。"))
