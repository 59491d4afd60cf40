"""Signing in and out, passwords, and locking people out; each act with its audit row."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from django.utils import timezone
from django.utils.translation import gettext as _

from dangjian.audit.services import record
from dangjian.identity import lockout, passwords, roster, tasks
from dangjian.identity.addresses import client_address
from dangjian.identity.models import Session, SignInFailure, User
from dangjian.identity.providers import provider
from dangjian.identity.sessions import SessionStore
from realtime import outbox
from tenants.context import current_district


class WrongPassword(Exception):
    """The name and the password do not belong together. `left`: how many more tries before the lock-out."""

    def __init__(self, left: int) -> None:
        super().__init__(left)
        self.left = left


class LockedOut(Exception):
    """Too many wrong passwords; nothing was checked.

    seconds: until one may try again. by_address: they were wrong for many names at one address.
    """

    def __init__(self, seconds: int, *, by_address: bool = False) -> None:
        super().__init__(seconds)
        self.seconds = seconds
        self.by_address = by_address


class PasswordExpired(Exception):
    """The one-time password is the right one, but its time is over: another one must be given out."""


def sign_in(*, request: HttpRequest, username: str, password: str) -> User:
    """Start a session of `request`'s browser under a new key, and a new CSRF token.

    Raises:
        WrongPassword: also for a name nobody has and for a deactivated account, alike in words and time.
        LockedOut: the password was not even looked at.
        PasswordExpired: a one-time password past its time.
    """
    username = User.normalize_username(username)
    attempt = _attempt(request, username)
    user = provider().sign_in(request, username=username, password=password)
    if user is None:
        _refuse(request, username, attempt)
    if user.password_expires_at is not None and user.password_expires_at <= timezone.now():
        attempt.forgive()
        raise PasswordExpired
    with outbox.atomic():
        attempt.succeeded(user)
        User.objects.filter(pk=user.pk).update(
            first_signed_in_at=Coalesce("first_signed_in_at", Now()), last_login=Now()
        )
        begin_session(request=request, user=user)
        record(action="session.sign_in", actor=user, detail={"address": client_address(request)})
    return user


def begin_session(*, request: HttpRequest, user: User) -> None:
    """Make the browser of `request` signed in as `user`, who has been checked."""
    session: SessionStore = request.session  # type: ignore[assignment]
    session.begin(user, address=client_address(request), user_agent=request.headers.get("User-Agent", ""))
    request.user = user
    rotate_token(request)


def sign_out(*, request: HttpRequest) -> str | None:
    """End the session of `request` and its sockets. Returns where the browser must go on to, if anywhere."""
    session: SessionStore = request.session  # type: ignore[assignment]
    key = session.session_key
    onward = provider().sign_out(request)
    with outbox.atomic():
        session.flush()
        if key is not None:
            outbox.end_sessions(keys=[key])
    rotate_token(request)
    return onward


def change_password(*, request: HttpRequest, user: User, current: str | None, new: str) -> None:
    """Give `user` the password they chose; every other session of theirs ends.

    current: the present password; None only where a one-time password has just been used.

    Raises:
        ValidationError: under `current` or `new`, saying what to change.
        LockedOut: too many wrong present passwords.
    """
    if current is None:
        if not user.must_change_password:
            raise ValidationError({"current": _("请填写现在的密码。")})
    else:
        attempt = _attempt(request, user.username)
        if not user.check_password(current):
            _refuse(
                request,
                user.username,
                attempt,
                ValidationError({"current": _("现在的密码不对，请再看一下。")}),
            )
        attempt.succeeded(user)
    try:
        passwords.validate_new_password(new, user)
    except ValidationError as error:
        raise ValidationError({"new": error.error_list}) from None
    with outbox.atomic():
        provider().change_password(user, password=new)
        keys = list(Session.objects.filter(user=user).values_list("session_key", flat=True))
        _raise_epoch(user, must_change_password=False, password_expires_at=None)
        outbox.end_sessions(keys=keys)
        begin_session(request=request, user=user)
        record(action="password.change", actor=user)


def reset_password(*, user: User, actor: User, reason: str) -> str:
    """Lock `user` out until they sign in with the returned one-time password and choose their own.

    The password is shown once: it is kept as a hash like any other. Kept here it is good until
    `user.password_expires_at`.
    """
    password = passwords.one_time_password()
    with outbox.atomic():
        provider().change_password(user, password=password)
        expires_at = passwords.expiry() if provider().keeps_passwords else None
        _raise_epoch(user, must_change_password=True, password_expires_at=expires_at)
        # Whoever forgot theirs has often tried until the door closed; the guesses were at a password that is gone.
        SignInFailure.objects.filter(username=user.username).delete()
        outbox.end_person(person=user.pk)
        record(action="password.reset", actor=actor, reason=reason, **_named(user))
    return password


def deactivate(*, user: User, actor: User, reason: str) -> None:
    """Close the account: its sessions end with the commit, its sockets within two seconds, and then the identity
    server is told, which may be away."""
    with outbox.atomic():
        _raise_epoch(user, is_active=False)
        outbox.end_person(person=user.pk)
        changed(user)
        record(action="account.deactivate", actor=actor, reason=reason, **_named(user))


def reactivate(*, user: User, actor: User, reason: str) -> None:
    """Open a deactivated account again, with the password it had."""
    with outbox.atomic():
        _raise_epoch(user, is_active=True)
        changed(user)
        record(action="account.reactivate", actor=actor, reason=reason, **_named(user))


def end_sessions(*, user: User, ids: Collection[int]) -> int:
    """End those of `user`'s own sessions, their sockets, and what stands behind them at the identity server.

    Returns how many there were.
    """
    with outbox.atomic():
        rows = Session.objects.filter(user=user, pk__in=ids)
        keys = list(rows.values_list("session_key", flat=True))
        if keys:
            sids = list(rows.exclude(realm_session=None).values_list("realm_session__sid", flat=True))
            rows.delete()
            outbox.end_sessions(keys=keys)
            _after_commit(lambda: tasks.end_elsewhere(sids))
    return len(keys)


def changed(user: User) -> None:
    """Note, within the caller's transaction, that the identity server has to be told of `user`, and have it told."""
    if provider().keeps_passwords:
        return
    User.objects.filter(pk=user.pk).update(is_untold=True)
    _after_commit(lambda: tasks.tell_soon(user.pk))


def entered() -> None:
    """Have the identity server give accounts to those who came into the roster in the caller's transaction."""
    if not provider().keeps_passwords:
        _after_commit(roster.continue_soon)


def _after_commit(act: Callable[[], None]) -> None:
    """Robust: what was committed stands, and the sweep of `tasks.tell_all` makes good what was not queued."""
    transaction.on_commit(act, using=current_district().database, robust=True)


def _named(user: User | None) -> dict[str, Any]:
    """`user` as the object of an audit row."""
    if user is None:
        return {}
    return {"object_kind": "user", "object_id": user.pk, "object_name": user.name or user.username}


def _raise_epoch(user: User, **fields: bool | datetime | None) -> None:
    """End every session and bearer token of `user`, one that is just being made included, and set `fields`."""
    User.objects.filter(pk=user.pk).update(
        session_epoch=F("session_epoch") + 1, bearers_since=timezone.now(), **fields
    )
    Session.objects.filter(user=user).delete()
    user.refresh_from_db()


def _attempt(request: HttpRequest, username: str) -> lockout.Attempt:
    attempt = lockout.attempt(username=username, address=client_address(request))
    if attempt.verdict.locked_until is not None:
        attempt.forgive()
        raise LockedOut(attempt.verdict.seconds(timezone.now()), by_address=attempt.verdict.by_address)
    return attempt


def _refuse(
    request: HttpRequest, username: str, attempt: lockout.Attempt, error: Exception | None = None
) -> NoReturn:
    """Raise for a wrong password; the one that closes a door is audited."""
    if attempt.fills_address:
        with outbox.atomic():
            record(action="session.address_shut", actor=None, detail={"address": client_address(request)})
    left = attempt.verdict.left - 1
    if left == 0:
        with outbox.atomic():
            # What was typed is kept only where it is an account's name: it could be a password.
            record(
                action="session.locked_out",
                actor=None,
                detail={"address": client_address(request)},
                **_named(User.objects.filter(username=username).first()),
            )
    raise error or WrongPassword(left)
