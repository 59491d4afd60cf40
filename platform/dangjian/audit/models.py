"""Who did what, to what, why: append-only, sealed into a hash chain by a job."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models
from django.db.models.functions import Now


class AppendOnly(TypeError):
    """A row of the audit log was about to be changed or removed."""


class AuditQuerySet(models.QuerySet["AuditRow"]):
    """Reads and adds; sealing writes through a plain queryset of its own (`dangjian.audit.chain`)."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("audit rows are only added")

    update = delete = bulk_update = update_or_create = _refuse


class AuditRow(models.Model):
    """One act. Written unchained in the act's own transaction; a job seals it later (a chain inside each write
    would be a lock on the whole district).

    Persons and things are named by id and by what they were called then: the row outlives both.
    """

    at = models.DateTimeField(db_default=Now())
    transaction = models.BigIntegerField(help_text="the id PostgreSQL gave the writing transaction")
    actor_id = models.BigIntegerField(null=True, help_text="user id; None: the system")
    actor_name = models.CharField(max_length=50)
    action = models.CharField(max_length=60, help_text="such as member.deactivate")
    object_kind = models.CharField(max_length=30, blank=True)
    object_id = models.BigIntegerField(null=True)
    object_name = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    detail = models.JSONField(default=dict)
    sequence = models.BigIntegerField(
        null=True, unique=True, help_text="place in the chain; None: not sealed yet"
    )
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, blank=True)

    objects: ClassVar[Any] = AuditQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_newest"),
            models.Index(
                fields=["transaction", "id"], name="audit_unsealed", condition=models.Q(sequence=None)
            ),
        ]

    def save(self, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly("audit rows are only added")
        super().save(**kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("audit rows are only added")
