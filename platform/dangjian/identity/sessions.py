"""Sessions in the district's own schema, with the user they belong to.

The whole sign-in check of a request is the one query of `find`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import IntegrityError, transaction
from django.utils import timezone

from dangjian.identity.models import Session, SessionQuerySet, User
from dangjian.identity.providers import provider
from tenants.context import required_scope

TOUCH_AFTER = timedelta(minutes=1)
RENEW_AFTER = timedelta(days=1)
_KEY = re.compile(r"\A[0-9a-z]{32}\Z")


_along: list[str] = []
_left_behind: list[str] = []


def bring_along(*relations: str, without: Collection[str] = ()) -> None:
    """Have a request's session read with these relations of its user, in the same query; `without` names columns of
    them that stay in the table until somebody asks."""
    _along.extend(f"user__{relation}" for relation in relations)
    _left_behind.extend(f"user__{column}" for column in without)


def find(session_key: str | None) -> Session | None:
    """The session with that key and its user, in one query; None unless it still opens something.

    One that the identity server has to confirm again is confirmed here, which takes a call there every few minutes.
    """
    if session_key is None or not _KEY.match(session_key):
        return None  # whatever else a cookie may hold, a NUL among it, never reaches the database
    try:
        rows = Session.objects.select_related("user", *_along).defer(*_left_behind)
        row: Session = rows.get(session_key=session_key, expire_date__gt=timezone.now())
    except Session.DoesNotExist:
        return None
    if not row.is_valid:
        return None
    if row.confirmed_until is not None and row.confirmed_until <= timezone.now():
        return row if provider().confirm(row) else None
    return row


def valid(keys: Collection[str]) -> SessionQuerySet:
    """Those of the sessions with these keys that open something; nobody is asked to confirm them."""
    rows: SessionQuerySet = Session.objects.valid()
    return rows.filter(session_key__in=[key for key in keys if _KEY.match(key)])


class SessionStore(DatabaseStore):
    """Django's database store on our `Session`, whose key is a column beside the bigint primary key."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._row: Session | None = None

    @classmethod
    def get_model_class(cls) -> Any:
        return Session

    @classmethod
    def for_user(cls, user: User, *, address: str | None = None, user_agent: str = "") -> str:
        """A session of `user` made without a browser: the key to send as the cookie."""
        store = cls()
        store.begin(user, address=address, user_agent=user_agent)
        return str(store.session_key)

    @property
    def user(self) -> User | None:
        """Whose session it is."""
        self._get_session()  # type: ignore[attr-defined]
        return self._row.user if self._row is not None else None

    def begin(self, user: User, *, address: str | None, user_agent: str) -> None:
        """Make it `user`'s, under a new key: a key somebody planted in the browser before is worth nothing."""
        self.flush()
        self._row = Session(
            user=user, user_epoch=user.session_epoch, address=address, user_agent=user_agent[:300]
        )
        self.create()

    @property
    def row(self) -> Session | None:
        """The row behind it; None before anybody signed in."""
        self._get_session()  # type: ignore[attr-defined]
        return self._row

    def touch(self) -> None:
        """Note that it was used, if it was not within the last minute; have an ageing one renewed."""
        row, now = self._row, timezone.now()
        if row is None or row.last_seen_at > now - TOUCH_AFTER:
            return
        Session.objects.filter(pk=row.pk).update(last_seen_at=now)
        if row.expire_date < now + timedelta(seconds=settings.SESSION_COOKIE_AGE) - RENEW_AFTER:
            self.modified = True  # the middleware saves it and sends the cookie again

    def load(self) -> dict[str, Any]:
        self._row = find(self.session_key)
        if self._row is None:
            self._session_key = None
            return {}
        return self.decode(self._row.session_data)

    def save(self, must_create: bool = False) -> None:
        if self.session_key is None:
            self.create()
            return
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        kept = {"session_data": self.encode(data), "expire_date": self.get_expiry_date()}
        if not must_create:
            if not Session.objects.filter(session_key=self.session_key).update(**kept):
                raise UpdateError
            return
        row = self._row if self._row is not None else Session()
        row.session_key = self.session_key
        for name, value in kept.items():
            setattr(row, name, value)
        try:
            with transaction.atomic(using=required_scope().database):
                row.save(force_insert=True)
        except IntegrityError as error:
            raise CreateError from error

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            Session.objects.filter(session_key=key).delete()

    def flush(self) -> None:
        super().flush()
        self._row = None
