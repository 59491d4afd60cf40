"""Background jobs of the log."""

from __future__ import annotations

from dangjian.audit import chain
from tenants.jobs import every


@every("audit.seal", seconds=5)
def seal() -> None:
    chain.seal()
