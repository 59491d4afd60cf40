"""What is in the register begins its first period; no two periods of one thing overlap.

The constraints stand on ranges alone (a range of one id, a range of days), which need no extension.
"""

from django.db import migrations

FIRST_PERIODS = """
INSERT INTO organizations_organizationperiod
    (organization_id, parent_id, name, short_name, kind, sector, act, reason, document)
SELECT id,
    (SELECT above.id FROM organizations_organization above
     WHERE above.path = left(organizations_organization.path, length(organizations_organization.path) - 4)),
    name, short_name, kind, sector, '', '', ''
FROM organizations_organization
"""
FIRST_MEMBERSHIPS = """
INSERT INTO organizations_membership (member_id, branch_id, since, reason, document)
SELECT id, branch_id, joined_on, '', '' FROM organizations_member
"""


def apart(table: str, column: str, name: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} EXCLUDE USING gist"
        f" (int8range({column}, {column}, '[]') WITH &&, daterange(since, until) WITH &&)",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("organizations", "0002_as_of")]

    operations = [
        apart("organizations_organizationperiod", "organization_id", "organization_periods_apart"),
        apart("organizations_membership", "member_id", "memberships_apart"),
        # Last: a table whose foreign keys wait for the commit cannot be altered.
        migrations.RunSQL(FIRST_PERIODS, migrations.RunSQL.noop),
        migrations.RunSQL(FIRST_MEMBERSHIPS, migrations.RunSQL.noop),
    ]
