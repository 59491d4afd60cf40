"""How the terms of the organisations stand on a day, from the tree of that day alone: no query here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dangjian.organizations.elections import judgement
from dangjian.organizations.timeline import Node
from dangjian.rules import terms
from dangjian.rules.book import Book
from dangjian.rules.problems import Problem
from dangjian.rules.terms import TermClock

STATES = (judgement.UNKNOWN, "running", *terms.DUE)


@dataclass(frozen=True, slots=True)
class Term:
    """The term of one organisation. clock: None where no election is on record."""

    node: Node
    clock: TermClock | None

    @property
    def state(self) -> str:
        return self.clock.state if self.clock else judgement.UNKNOWN

    @property
    def is_due(self) -> bool:
        """Whether the next election is to be prepared, or should have been held."""
        return self.state in terms.DUE


def term(book: Book, node: Node, day: date) -> Term | None:
    """The term of `node` on `day`; None for an organisation without one (the district's own)."""
    kind = judgement.term_kind(node.kind, node.sector)
    if kind is None:
        return None
    if node.elected_on is None:
        return Term(node, None)
    return Term(node, terms.term_clock(book, kind, elected_on=node.elected_on, today=day))


def remarks(book: Book, node: Node, day: date) -> list[Problem]:
    """That its term runs out or has run out, as a sentence with its rule."""
    kind = judgement.term_kind(node.kind, node.sector)
    if kind is None or node.elected_on is None:
        return []
    return terms.remarks(book, kind, elected_on=node.elected_on, on=day)
