"""Figures of a district that the centre may see: registered by their owners, counted inside, kept in the registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from tenants.context import current_district, in_registry
from tenants.models import District, Rollup

LATE_AFTER = timedelta(seconds=120)


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure: its key, its Chinese label (a msgid), and how a district counts it."""

    key: str
    label: str
    count: Callable[[], int]


_metrics: dict[str, Metric] = {}


def register(metric: Metric) -> None:
    _metrics[metric.key] = metric


def metrics() -> list[Metric]:
    return list(_metrics.values())


def refresh() -> None:
    """Count every metric in the open district and relay the values to the registry. Repeating it is harmless."""
    district = current_district()
    as_of = timezone.now()
    values = [(metric.key, metric.count()) for metric in _metrics.values()]
    with in_registry():
        Rollup.objects.bulk_create(
            [Rollup(district_id=district.pk, metric=key, value=value, as_of=as_of) for key, value in values],
            update_conflicts=True,
            unique_fields=["district", "metric"],
            update_fields=["value", "as_of"],
        )


@dataclass(frozen=True, slots=True)
class DistrictFigures:
    """A district's figures as last relayed; `as_of` is the oldest of them, None before the first."""

    district: District
    values: dict[str, int]
    as_of: datetime | None
    late: bool


def overview(*, now: datetime | None = None) -> list[DistrictFigures]:
    """Every district (not the centre) with its figures: two registry queries, whatever their number."""
    now = now or timezone.now()
    with in_registry():
        districts = list(District.objects.filter(kind="district").prefetch_related("rollups"))
    figures = []
    for district in districts:
        rows = [row for row in district.rollups.all() if row.metric in _metrics]
        as_of = min((row.as_of for row in rows), default=None)
        late = as_of is None or now - as_of > LATE_AFTER
        figures.append(DistrictFigures(district, {row.metric: row.value for row in rows}, as_of, late))
    return figures
