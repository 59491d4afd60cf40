"""A rule pack that cannot be used keeps commands and servers from starting, and says why."""

from __future__ import annotations

from typing import Any

from django.core import checks

from dangjian.rules import book


@checks.register
def rule_packs(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    hint = "Correct the pack; docs/reference/rule-packs.md explains its fields. `manage.py rules check` tries again."
    return [checks.Error(fault, hint=hint, id="dangjian.E010") for fault in book.faults()]
