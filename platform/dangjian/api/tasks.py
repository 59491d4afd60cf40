"""Forgetting answers that nobody repeats any more."""

from __future__ import annotations

from dangjian.api import database
from dangjian.api.idempotency import KEPT_HOURS
from tenants.jobs import every


@every("api.forget_answers", seconds=60)
def forget_answers() -> None:
    with database.cursor() as cursor:
        cursor.execute(
            "DELETE FROM api_idempotentanswer WHERE created_at < now() - make_interval(hours => %s)",
            [KEPT_HOURS],
        )
