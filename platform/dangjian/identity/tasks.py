"""Background jobs of sign-in."""

from __future__ import annotations

from django.utils import timezone

from dangjian.identity.lockout import KEPT
from dangjian.identity.models import Revocation, Session, SignInFailure
from tenants.jobs import every


def purge() -> None:
    """Remove sessions that have expired, and wrong passwords and spent names that no longer count."""
    now = timezone.now()
    Session.objects.filter(expire_date__lte=now).delete()
    Revocation.objects.filter(until__lte=now).delete()
    SignInFailure.objects.filter(at__lte=now - KEPT).delete()


every("identity.purge", seconds=60)(purge)
