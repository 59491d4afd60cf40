"""A district's life: opened step by step, suspended, resumed.

Upper floors register what a new district needs from them (a realm, a first officer, a rule pack) with `step`;
each step must be repeatable, because an interrupted opening is resumed by calling `create_district` again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from tenants import registry, schemas
from tenants.context import in_district, in_registry
from tenants.locks import exclusive
from tenants.models import District, DistrictKind, DistrictState, Domain

log = structlog.get_logger(__name__)

Options = Mapping[str, Any]
StepFunction = Callable[[District, Options], None]


class NotYet(Exception):
    """A step cannot be done now; the district stays as it is, and calling again goes on with that step.

    The message is for a person and says what to do.
    """


@dataclass(frozen=True, slots=True)
class Step:
    """A repeatable piece of opening a district, run inside it with the options given to `create_district`."""

    name: str
    run: StepFunction


_steps: dict[str, Step] = {}
_on_state_change: list[Callable[[District], None]] = []


def register_step(name: str, run: StepFunction) -> None:
    """Add a step for every district opened from now on; steps run in the order of registration."""
    _steps[name] = Step(name, run)


def register_state_listener(listener: Callable[[District], None]) -> None:
    """Have `listener(district)` called inside the district after it was suspended or resumed."""
    _on_state_change.append(listener)


def create_district(
    *,
    schema_name: str,
    name: str,
    short_name: str,
    hosts: Sequence[str],
    kind: str = DistrictKind.DISTRICT,
    options: Options | None = None,
    extra_steps: Sequence[Step] = (),
) -> District:
    """Open a district, or go on opening one that stopped half way.

    The host answers 200 from the moment the last step has finished. Called again for an open district it changes
    nothing but adds hosts that are new.

    One opening runs at a time in the whole deployment; a second one waits.

    Raises:
        ValidationError: a name that cannot be a schema, or a host that already answers for another district.
        NotYet: a step has to wait for something outside; the district stays in state provisioning.
    """
    with exclusive("create_district"):
        return _create(schema_name, name, short_name, hosts, kind, options or {}, extra_steps)


def _create(
    schema_name: str,
    name: str,
    short_name: str,
    hosts: Sequence[str],
    kind: str,
    options: Options,
    extra_steps: Sequence[Step],
) -> District:
    district = _registered(schema_name, name, short_name, hosts, kind)
    if district.state != DistrictState.PROVISIONING:
        return district
    schemas.create(district)
    for step in [*_steps.values(), *extra_steps]:
        if step.name in district.steps_done:
            continue
        log.info("district.step", district=district.schema_name, step=step.name)
        with in_district(district):
            step.run(district, options)
        district.steps_done = [*district.steps_done, step.name]
        with in_registry():
            district.save(update_fields=["steps_done"])
    _set_state(district, DistrictState.ACTIVE, reason="")
    return district


def suspend_district(district: District, *, reason: str) -> None:
    """Close the district's pages with `reason` shown, its sockets and its jobs; its data stays."""
    _set_state(district, DistrictState.SUSPENDED, reason=reason)


def resume_district(district: District) -> None:
    """Open a suspended district again."""
    _set_state(district, DistrictState.ACTIVE, reason="")


def _registered(schema_name: str, name: str, short_name: str, hosts: Sequence[str], kind: str) -> District:
    with in_registry(), transaction.atomic():
        district = District.objects.filter(schema_name=schema_name).first()
        if district is None:
            district = District(schema_name=schema_name, name=name, short_name=short_name, kind=kind)
            district.full_clean(exclude=["steps_done"])
            district.save()
        for host in map(registry.normal_host, hosts):
            domain = Domain.objects.filter(host=host).first()
            if domain is None:
                domain = Domain(host=host, district=district)
                domain.full_clean(validate_unique=False)
                domain.save()
            if domain.district_id != district.pk:
                raise ValidationError(_("域名 %(host)s 已经属于另一个地区。"), params={"host": host})
    registry.forget()
    return district


def _set_state(district: District, state: str, *, reason: str) -> None:
    district.state, district.suspended_reason = state, reason
    with in_registry():
        district.save(update_fields=["state", "suspended_reason"])
    registry.forget()
    with in_district(district):
        for listener in _on_state_change:
            listener(district)
