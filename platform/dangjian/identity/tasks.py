"""Background jobs of sign-in."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from dangjian.identity.keycloak import Refused, Unreachable, accounts, clients
from dangjian.identity.lockout import KEPT, PLACES_KEPT
from dangjian.identity.models import KnownPlace, Revocation, Session, SignInFailure, User
from dangjian.identity.providers import provider
from tenants.context import current_district
from tenants.jobs import defer, district_job, every

log = structlog.get_logger(__name__)

AT_ONCE = 100
TRIES, PAUSE_SECONDS = 60, 60


def purge() -> None:
    """Remove sessions that have expired, wrong passwords and spent names that no longer count, places long not seen."""
    now = timezone.now()
    Session.objects.filter(expire_date__lte=now).delete()
    Revocation.objects.filter(until__lte=now).delete()
    SignInFailure.objects.filter(at__lte=now - KEPT).delete()
    KnownPlace.objects.filter(seen_at__lte=now - PLACES_KEPT).delete()


every("identity.purge", seconds=60)(purge)


def tell(user: int = 0) -> None:
    """Tell the identity server of accounts that changed: of `user`, else of those it was not told of.

    What it cannot be told now stays marked, and is tried again every minute.
    """
    untold = User.objects.filter(is_untold=True)
    for row in untold.filter(pk=user) if user else untold.order_by("created_at", "id")[:AT_ONCE]:
        try:
            provider().tell(row)
        except (Unreachable, Refused, ImproperlyConfigured) as problem:
            log.warning("account.untold", user=row.pk, reason=str(problem))
            if isinstance(problem, Unreachable):
                return
            continue
        # Unless it has changed again meanwhile.
        same = untold.filter(
            pk=row.pk, session_epoch=row.session_epoch, is_active=row.is_active, name=row.name
        )
        same.update(is_untold=False)


tell_one = district_job("identity.tell_one")(tell)
tell_all = every("identity.tell_all", seconds=60)(tell)


def tell_soon(user: int) -> None:
    """Queue it for the open district. Call it after the commit."""
    defer(tell_one, current_district(), user=user)


def end_at_realm(sids: Sequence[str], tries: int = 0) -> None:
    """End sessions at the identity server; while it is away again every minute, for an hour."""
    for position, sid in enumerate(sids):
        try:
            accounts.end_session(current_district(), sid)
        except Unreachable:
            if tries < TRIES:
                left = list(sids[position:])
                defer(
                    end_sessions_at_realm,
                    current_district(),
                    delay_seconds=PAUSE_SECONDS,
                    sids=left,
                    tries=tries + 1,
                )
            return
        except (Refused, ImproperlyConfigured) as problem:
            log.error("session.not_ended_at_realm", reason=str(problem))


end_sessions_at_realm = district_job("identity.end_sessions")(end_at_realm)


def end_elsewhere(sids: Sequence[str]) -> None:
    """Queue the end of those sessions at the identity server. Call it after the commit."""
    if sids:
        defer(end_sessions_at_realm, current_district(), sids=list(sids))


def remove_client(client_id: str, tries: int = 0) -> None:
    """Take the client of another system out of the realm; while it is away again every minute, for an hour.

    Nothing depends on it: a client that was revoked here opens nothing, and provisioning finds what is left over.
    """
    try:
        clients.remove(current_district(), client_id)
    except Unreachable:
        if tries < TRIES:
            defer(
                remove_client_at_realm,
                current_district(),
                delay_seconds=PAUSE_SECONDS,
                client_id=client_id,
                tries=tries + 1,
            )
    except (Refused, ImproperlyConfigured) as problem:
        log.error("service_client.not_removed", client=client_id, reason=str(problem))


remove_client_at_realm = district_job("identity.remove_client")(remove_client)


def remove_client_soon(client_id: str) -> None:
    """Queue it for the open district. Call it after the commit."""
    defer(remove_client_at_realm, current_district(), client_id=client_id)


def confirm(sessions: Sequence[int]) -> None:
    """Ask the identity server about sessions that only a socket keeps busy; what has ended there ends here."""
    due = Session.objects.select_related("user").filter(
        pk__in=sessions, confirmed_until__lte=timezone.now(), user__isnull=False
    )
    for row in due.order_by("confirmed_until", "id"):
        provider().confirm(row)


confirm_sessions = district_job("identity.confirm")(confirm)


def confirm_soon(sessions: Collection[int]) -> None:
    """Queue it for the open district, the first hundred; one that waits already is enough."""
    if sessions:
        defer(confirm_sessions, current_district(), once=True, sessions=list(sessions)[:AT_ONCE])
