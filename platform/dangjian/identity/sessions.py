"""Sessions in the district's own schema, with the user they belong to."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from dangjian.identity.models import Session


class SessionStore(DatabaseStore):
    """Django's database store on our `Session`, whose key is a column beside the bigint primary key."""

    @classmethod
    def get_model_class(cls) -> Any:
        return Session
