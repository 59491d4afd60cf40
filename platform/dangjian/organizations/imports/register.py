"""Today's register as a judgement of rows needs it: three queries, whatever the size of the roster."""

from __future__ import annotations

from django.utils import timezone

from dangjian.organizations import access
from dangjian.organizations.imports.judging import Known, Register, Unit, Units
from dangjian.organizations.models import (
    Import,
    ImportKind,
    Leaving,
    Member,
    Office,
    OfficeKind,
    Organization,
)
from dangjian.organizations.particulars import NAMES, Particulars


def register_for(source: Import) -> Register:
    """The organisations, and for a roster of members everybody, as the import's officer stands to them."""
    access.forget_standing(source.by)
    paths = access.standing(source.by).paths_of(OfficeKind.OFFICER)
    organizations = list(Organization.objects.filter(dissolved_on=None).order_by("path", "id"))
    by_path = {each.path: each.pk for each in organizations}
    units = Units(
        (
            Unit(
                each.pk, each.name, each.short_name, each.kind, by_path.get(each.parent_path), each.sector,
                each.path.startswith(paths) if paths else False,
            )
            for each in organizations
        ),
        source.units,
    )  # fmt: skip
    members: list[Known] = []
    if source.kind == ImportKind.MEMBERS:
        beyond = {
            office.member_id
            for office in Office.objects.select_related("organization")
            if not office.organization.path.startswith(paths)
        }
        plain = [name for name in NAMES if name != "id_number"]
        rows = Member.ever.values_list(
            "pk", "branch_id", "branch__path", "id_number_index", "left_on", "left_kind", *plain
        )
        members = [
            Known(
                pk,
                branch,
                index,
                Particulars(**dict(zip(plain, values, strict=True))),
                path.startswith(paths) and pk not in beyond,
                (left_on, str(Leaving(left_kind).label)) if left_on is not None else None,
            )
            for pk, branch, path, index, left_on, left_kind, *values in rows
        ]
    return Register(timezone.localdate(), units, members)
