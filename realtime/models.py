"""The log behind every topic, in the schema of the district it belongs to."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class TopicHead(models.Model):
    """The number of a topic's last event. Its row lock makes commit order the order of numbers."""

    topic = models.CharField(max_length=80)
    seq = models.BigIntegerField()
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        # Not `unique=True`: that adds a second index for LIKE, which every write would maintain for nothing.
        constraints = [models.UniqueConstraint(fields=["topic"], name="one_head_a_topic")]


class Event(models.Model):
    """One numbered event of a topic; old ones are pruned (`outbox.prune`)."""

    topic = models.CharField(max_length=80)
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    data = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["topic", "seq"], name="event_number")]


class Epoch(models.Model):
    """The one row that names the run of numbers; it changes only when numbers could repeat, after a restore."""

    id = models.BigIntegerField(primary_key=True, default=1)
    value = models.CharField(max_length=16)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_epoch")]
