"""Reading the registry: which district a host, a schema or a job speaks of.

Answers are remembered for a second in each process: a new or suspended district is known everywhere within that
second without a restart, and a busy host costs one registry query a second.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from tenants.context import in_registry
from tenants.models import District, DistrictState, Domain

REMEMBER_SECONDS = 1.0
_HOST = re.compile(r"[a-z0-9.-]{1,253}")
_REMEMBER_AT_MOST = 2048  # unknown hosts are remembered too; a scanner must not grow the process

_lock = threading.Lock()
_remembered: OrderedDict[str, tuple[float, District | None]] = OrderedDict()


def normal_host(host: str) -> str:
    """`host` without port and trailing dot, lower case."""
    name = host.strip().lower()
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    return name.partition(":")[0].rstrip(".")


def district_for_host(host: str) -> District | None:
    """The district that answers for `host` (with or without port), or None."""
    key = normal_host(host)
    if not _HOST.fullmatch(key):
        return None

    def read() -> District | None:
        domain = Domain.objects.select_related("district").filter(host=key).first()
        return domain.district if domain else None

    return _remember(f"host {key}", read)


def remembered(schema_name: str) -> District | None:
    """The district of that schema as it stood at most a second ago, or None: for who asks many times a second."""
    return _remember(f"schema {schema_name}", District.objects.filter(schema_name=schema_name).first)


def _remember(key: str, read: Callable[[], District | None]) -> District | None:
    now = time.monotonic()
    with _lock:
        known = _remembered.get(key)
        if known is not None and known[0] > now:
            return known[1]
    with in_registry():
        district = read()
    with _lock:
        _remembered[key] = (now + REMEMBER_SECONDS, district)
        _remembered.move_to_end(key)
        while len(_remembered) > _REMEMBER_AT_MOST:
            _remembered.popitem(last=False)
    return district


def forget() -> None:
    """Drop what this process remembers, so that a change it made itself shows at once."""
    with _lock:
        _remembered.clear()


def district(schema_name: str) -> District:
    """The district of that schema.

    Raises:
        District.DoesNotExist: there is none.
    """
    with in_registry():
        return District.objects.get(schema_name=schema_name)


def active_districts() -> list[District]:
    """Every tenant that is running, the centre included, by id."""
    with in_registry():
        return list(District.objects.filter(state=DistrictState.ACTIVE))


def all_districts() -> list[District]:
    """Every tenant whatever its state, by id."""
    with in_registry():
        return list(District.objects.all())


def primary_host(district: District) -> str:
    """The district's main host name, without port; empty if it has none."""
    with in_registry():
        domain = Domain.objects.filter(district_id=district.pk).order_by("-is_primary", "id").first()
    return domain.host if domain else ""
