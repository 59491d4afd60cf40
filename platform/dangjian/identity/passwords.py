"""What a password must be, said so that one knows what to change."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from dangjian.identity.models import User

# Nothing that is read as something else on paper: no 0 o, 1 l i, 2 z, 5 s.
_LETTERS = "abcdefghjkmnpqrtuvwxy346789"


def one_time_password() -> str:
    """Such as ``kf7m-9wpx``: easily read out and typed, 38 bits, worth only the first sign-in."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(2))


def expiry() -> datetime:
    """Until when a one-time password given out now opens the account."""
    return timezone.now() + timedelta(hours=settings.ONE_TIME_PASSWORD_HOURS)


def validate_new_password(password: str, user: User) -> None:
    """Check a password the person has chosen.

    Raises:
        ValidationError: with everything that is to be changed, in the reader's language.
    """
    if user.check_password(password):
        raise ValidationError(_("新密码和现在的一样，请换一个。"), code="password_unchanged")
    try:
        validate_password(password, user)
    except ValidationError as error:
        # Django's own sentences are translated only where its auth app is installed.
        raise ValidationError(
            [ValidationError(_said(found), code=found.code) for found in error.error_list]
        ) from None


def _said(error: ValidationError) -> str:
    said = {
        "password_too_short": _("密码太短了，至少要 %(least)s 位。")
        % {"least": (error.params or {}).get("min_length", 8)},
        "password_too_common": _("这个密码太常见，容易被猜到。可以用两三个不相干的词连起来。"),
        "password_entirely_numeric": _("不能全是数字，请加上几个字母。"),
        "password_too_similar": _("密码和账号太像了，请换一个。"),
    }
    return said.get(error.code or "") or " ".join(error.messages)
