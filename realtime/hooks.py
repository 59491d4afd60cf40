"""The house realtime lives in, as `settings.REALTIME` names it.

`REALTIME = {"site": "dotted.path.to.a.Site"}`, and if need be ``insecure_origins``, ``lame_duck_seconds`` and
``layers`` (see the functions here). A *partition* is what the house keeps
apart (here: a district); events of one never reach sockets of another. A *person* is a number that means
somebody inside one partition only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, TypeVar, cast

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

T = TypeVar("T")
Scope = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who holds a socket: the person, the key of the session it was opened with, the person's session epoch."""

    id: int
    session: str
    epoch: int


class Site(Protocol):
    """What the house provides. Every method is synchronous and called in a worker thread, never on the loop."""

    def partition(self, scope: Scope) -> str | None:
        """The key of the partition the ASGI scope's host names; None for an unknown or suspended one.

        The key may hold ASCII letters, digits and underscores.
        """

    def run(self, partition: str, function: Callable[..., T], *args: Any) -> T:
        """`function(*args)` with the partition's data within reach."""

    def current(self) -> str:
        """The key of the partition whose data is within reach. Raises when there is none."""

    def database(self) -> str:
        """The alias of the current partition's database."""

    def authenticate(self, scopes: Sequence[Scope]) -> list[Viewer | None]:
        """Who the cookies of each ASGI scope speak for, in the current partition; None for nobody. One query."""

    def still_valid(self, viewers: Collection[Viewer]) -> set[Viewer]:
        """Those whose session still stands under the same epoch, in one query."""


@cache
def site() -> Site:
    """The configured site."""
    found = import_string(settings.REALTIME["site"])
    return cast(Site, found() if isinstance(found, type) else found)


def insecure_origins() -> bool:
    """Whether sockets are opened from http pages; only a server that listens on loopback alone may say so."""
    return bool(settings.REALTIME.get("insecure_origins", False))


def lame_duck_seconds() -> float:
    """How long a server that was told to stop says so in its readiness before it takes no more connections."""
    return float(settings.REALTIME.get("lame_duck_seconds", 0))


def layers() -> list[str]:
    """The aliases in CHANNEL_LAYERS that topics are spread over."""
    return list(settings.REALTIME.get("layers", ["default"]))


def _forget(*, setting: str, **_: object) -> None:
    if setting == "REALTIME":
        site.cache_clear()


setting_changed.connect(_forget)
