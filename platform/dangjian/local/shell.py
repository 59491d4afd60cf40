"""``python -m dangjian.local.shell``: a Python shell on the running demo, inside DISTRICT if one is named."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext

from dangjian.local.process import CannotStart
from dangjian.local.state import State


def main() -> int:
    """0, or 1 with a sentence when there is nothing to open a shell on."""
    try:
        os.environ.update(State.of_checkout().environment())
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    import django
    from django.core.management import call_command

    django.setup()
    from tenants import registry
    from tenants.context import in_district
    from tenants.models import District

    name = os.environ.get("DISTRICT", "")
    try:
        scope = in_district(registry.district(name)) if name else nullcontext()
    except District.DoesNotExist:
        known = ", ".join(district.schema_name for district in registry.all_districts())
        print(f"There is no district {name}: DISTRICT is one of {known}.", file=sys.stderr)
        return 1
    if not name:
        print("No district is open: use in_district(…) or in_registry(), or  make shell DISTRICT=huiji.")
    with scope:
        call_command("shell", verbosity=0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
