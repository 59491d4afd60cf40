"""Background jobs of oversight."""

from __future__ import annotations

from tenants import rollups
from tenants.context import current_district
from tenants.jobs import every


@every("oversight.rollups", seconds=20)
def relay_figures() -> None:
    """Count the open district's figures and relay them to the registry, where the centre reads them."""
    if not current_district().is_centre:
        rollups.refresh()
