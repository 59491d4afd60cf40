"""What may be done to an election and by whom, and what kind of term an organisation has. Knows no model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

RECORDED: Final = "recorded"
SUBMITTED: Final = "submitted"
RETURNED: Final = "returned"
APPROVED: Final = "approved"
DISCARDED: Final = "discarded"
OPEN: Final = (RECORDED, SUBMITTED, RETURNED)
_EDITABLE: Final = frozenset({RECORDED, RETURNED})

BELOW: Final = "below"
SUPERIOR: Final = "superior"

# State of a term beside those of `rules.terms`: no election is on record.
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Act:
    """A transition: from one of some states to a state, done by the organisation itself or by its superior."""

    side: str
    before: frozenset[str]
    after: str


ACTS: Final = {
    "record": Act(BELOW, frozenset(), RECORDED),
    "revise": Act(BELOW, _EDITABLE, RECORDED),
    "submit": Act(BELOW, _EDITABLE, SUBMITTED),
    "discard": Act(BELOW, _EDITABLE, DISCARDED),
    "approve": Act(SUPERIOR, frozenset({SUBMITTED}), APPROVED),
    "return": Act(SUPERIOR, frozenset({SUBMITTED}), RETURNED),
}


def term_kind(kind: str, sector: str) -> str | None:
    """The key of `rules.terms.KINDS` for an organisation; None for one whose term is no matter of these rules."""
    if kind in {"branch", "general_branch"}:
        return f"{sector}_{kind}" if sector in {"village", "community"} else kind
    return kind if kind == "committee" else None
