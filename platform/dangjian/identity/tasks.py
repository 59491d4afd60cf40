"""Background jobs of sign-in."""

from __future__ import annotations

from django.utils import timezone

from dangjian.identity.lockout import KEPT
from dangjian.identity.models import Session, SignInFailure
from tenants.jobs import every


def purge() -> None:
    """Remove sessions that have expired and wrong passwords that no longer count."""
    now = timezone.now()
    Session.objects.filter(expire_date__lte=now).delete()
    SignInFailure.objects.filter(at__lte=now - KEPT).delete()


every("identity.purge", seconds=60)(purge)
