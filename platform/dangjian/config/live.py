"""What `realtime` is told of districts and sessions (`realtime.hooks.Site`)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.http import parse_cookie
from django.utils import timezone

from dangjian.identity import sessions, tasks
from realtime import outbox
from realtime.hooks import Scope, Viewer
from tenants import registry
from tenants.context import current_district, in_district
from tenants.models import District, DistrictState

T = TypeVar("T")

# Pages that are used have their sessions confirmed by their own requests.
OVERDUE = timedelta(minutes=1)


class DistrictSite:
    """A partition is a district's schema."""

    def partition(self, scope: Scope) -> str | None:
        district = registry.district_for_host(_header(scope, b"host"))
        return district.schema_name if district is not None and district.is_active else None

    def run(self, partition: str, function: Callable[..., T], *args: Any) -> T:
        district = registry.remembered(partition)
        if district is None:
            raise LookupError(f"there is no district {partition!r}")
        with in_district(district):
            return function(*args)

    def current(self) -> str:
        return current_district().schema_name

    def database(self) -> str:
        return current_district().database

    def authenticate(self, scopes: Sequence[Scope]) -> list[Viewer | None]:
        """Nobody also for a person who still has to choose a password: pages show them nothing yet.

        Of thousands who come back at once none waits for the identity server: a session it has to confirm again
        opens a socket within its grace, and is asked about at once in the background.
        """
        cookies = [parse_cookie(_header(scope, b"cookie")) for scope in scopes]
        keys = [each.get(settings.SESSION_COOKIE_NAME, "") for each in cookies]
        known = {viewer.session: viewer for viewer in _standing(keys)}
        return [known.get(key) for key in keys]

    def still_valid(self, viewers: Collection[Viewer]) -> set[Viewer]:
        if not current_district().is_active:
            return set()
        return _standing({viewer.session for viewer in viewers}).intersection(viewers)


def _standing(keys: Collection[str]) -> set[Viewer]:
    rows = (
        sessions.valid(keys)
        .filter(user__must_change_password=False)
        .order_by("confirmed_until", "id")
        .values_list("user_id", "session_key", "user_epoch", "confirmed_until", "id")
    )
    # An idle page asks for nothing, so nothing else would notice that its session ended at the identity server.
    overdue = timezone.now() - OVERDUE
    tasks.confirm_soon([row[4] for row in rows if row[3] is not None and row[3] < overdue])
    return {Viewer(*row[:3]) for row in rows}


site = DistrictSite()


def end_sockets_of_suspended(district: District) -> None:
    """Listens to the districts' states (`tenants.lifecycle`)."""
    if district.state == DistrictState.SUSPENDED:
        with outbox.atomic():
            outbox.end_partition()


def _header(scope: Scope, name: bytes) -> str:
    values = [value for key, value in scope["headers"] if key == name]
    return b"; ".join(values).decode("latin-1")
