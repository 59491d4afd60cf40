"""The reference data: districts as large as the real ones, of people who do not exist.

`plan` makes the rows and knows no database, `load` writes them, `seed` does both.
"""

from __future__ import annotations

from datetime import datetime

from dangjian.local.demo_data.loading import PASSWORD, NotEmpty, Summary, is_empty, load, load_centre
from dangjian.local.demo_data.planning import SEED, SIZES, plan
from dangjian.local.demo_data.rows import Plan
from tenants.models import District

__all__ = ["PASSWORD", "SEED", "SIZES", "NotEmpty", "Plan", "Summary", "is_empty", "load", "plan", "seed"]

OVERSEER = ("chenjing", "陈静")


def seed(district: District, size: str, *, seed: int = SEED, moment: datetime | None = None) -> Summary:
    """Fill an empty district: its organisations, members, and a year of posts up to `moment` (default: this hour).

    The centre gets its one person, whatever the size.

    Raises:
        NotEmpty: somebody is there already; nothing is changed.
        KeyError: an unknown size.
    """
    if district.is_centre:
        return load_centre(district, *OVERSEER)
    return load(
        district, plan(size, schema=district.schema_name, name=district.name, seed=seed, moment=moment)
    )
