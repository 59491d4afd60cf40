"""The stage of the contract tests."""

from tests.contract.stage import stage, visitor

__all__ = ["stage", "visitor"]
