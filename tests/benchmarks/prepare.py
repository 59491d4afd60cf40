"""Fills one side's database: ``python -m tests.benchmarks.prepare``, under either settings module."""

from __future__ import annotations

from typing import Any

import django

SIZE = "pilot"


def the_district() -> Any:
    """The product's district ``huiji``, or on single-schema Django one that lives in ``public``."""
    from django.conf import settings

    from tenants import registry
    from tenants.models import District

    if "django_tenants" in settings.INSTALLED_APPS:
        return registry.district("huiji")
    return District(
        id=1, name="惠济区", short_name="惠济", schema_name="public", state="active", database="default"
    )


def main() -> None:
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from dangjian.local.demo_data import seed
    from tenants import lifecycle
    from tenants.context import in_district, in_registry

    if "django_tenants" in settings.INSTALLED_APPS:
        call_command("migrate", verbosity=0)
        lifecycle.create_district(
            schema_name="huiji", name="惠济区", short_name="惠济", hosts=["huiji.localhost"]
        )
    else:
        with in_registry():
            call_command("migrate_scope", verbosity=0)
    district = the_district()
    with in_district(district):
        seed(district, SIZE)


if __name__ == "__main__":
    main()
