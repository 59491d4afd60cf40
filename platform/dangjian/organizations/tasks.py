"""Background jobs of the register."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from dangjian.organizations.elections import services as elections
from dangjian.organizations.imports import services
from dangjian.organizations.models import Import
from tenants.context import current_district
from tenants.jobs import daily, defer, district_job, every


@district_job("organizations.import")
def run_import(import_id: int) -> None:
    services.run(import_id)


@every("organizations.forget_imports", seconds=60)
def forget_imports() -> None:
    services.forget_old()


@daily("organizations.remind_of_terms", hour=8)
def remind_of_terms() -> None:
    elections.remind()


def wake(source: Import) -> None:
    """Have a job do what the import waits for, once the present transaction has committed."""
    district = current_district()
    transaction.on_commit(partial(defer, run_import, district, import_id=source.pk), using=district.database)
