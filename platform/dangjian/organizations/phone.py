"""Telephone numbers on pages."""

from __future__ import annotations


def masked(number: str) -> str:
    """138****2671; a short one keeps only its end; empty stays empty."""
    if len(number) < 8:
        return "*" * max(0, len(number) - 2) + number[-2:] if number else ""
    return f"{number[:3]}****{number[-4:]}"
