"""The stage of the contract tests."""

from typing import Any

import pytest

from tests.contract.stage import stage, visitor

__all__ = ["stage", "visitor"]


@pytest.fixture(autouse=True)
def _patient_throttles(settings: Any) -> None:
    """These tests ask faster than any person; what the throttles do is tested with the API."""
    settings.THROTTLE_SCALE = 1000
