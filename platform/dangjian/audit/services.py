"""Writing down who did what, to what, why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Cast

from dangjian.audit.models import AuditRow
from tenants.context import current_district


class Actor(Protocol):
    """The account (`settings.AUTH_USER_MODEL`) of who acts; not the member, whose ids are others."""

    pk: int
    name: str
    username: str


class CurrentTransaction(models.Func):
    """The id of the writing transaction; unlike `txid` of old it never wraps."""

    function = "pg_current_xact_id"
    arity = 0
    output_field = models.TextField()

    def as_sql(self, *args: Any, **kwargs: Any) -> Any:
        statement, params = super().as_sql(*args, **kwargs)
        return f"{statement}::text", params  # xid8 casts to nothing but text


def record(
    *,
    action: str,
    actor: Actor | None,
    object_kind: str = "",
    object_id: int | None = None,
    object_name: str = "",
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
) -> AuditRow:
    """Write one act of `actor` (None: the system) in the caller's transaction, so that both stand or fall together.

    action: ``thing.verb``; give it words with `dangjian.audit.actions.register`.
    detail: JSON values; no telephone numbers, identity numbers or texts.

    Raises:
        TransactionManagementError: no transaction is open.
        TypeError: `actor` is something else than an account.
    """
    database = current_district().database
    if not transaction.get_connection(database).in_atomic_block:
        raise transaction.TransactionManagementError("an act and its audit row are one transaction")
    if actor is not None:
        label = getattr(getattr(actor, "_meta", None), "label", "")
        if label != settings.AUTH_USER_MODEL:
            raise TypeError(f"the actor is an account, not {label or type(actor).__name__}")
    return AuditRow.objects.create(
        transaction=Cast(CurrentTransaction(), models.BigIntegerField()),
        actor_id=actor.pk if actor is not None else None,
        actor_name=(actor.name or actor.username) if actor is not None else "",
        action=action,
        object_kind=object_kind,
        object_id=object_id,
        object_name=object_name[: AuditRow._meta.get_field("object_name").max_length],
        reason=reason,
        detail=dict(detail or {}),
    )
