"""Party groups; nobody is in two on a day, and no group has two leaders or two names.

The constraints stand on ranges alone (a range of one id, a range of days), which need no extension.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
import simple_history.models
from django.db import migrations, models


def apart(table: str, column: str, name: str, where: str = "") -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} EXCLUDE USING gist"
        f" (int8range({column}, {column}, '[]') WITH &&, daterange(since, until) WITH &&){where}",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0006_unanswered_refresh"),
        ("organizations", "0016_fewer_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="HistoricalPartyGroup",
            fields=[
                (
                    "id",
                    models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID"),
                ),
                ("name", models.CharField(max_length=20)),
                (
                    "dissolved_on",
                    models.DateField(help_text="the first day on which it is no more", null=True),
                ),
                (
                    "version",
                    models.PositiveIntegerField(default=1, help_text="raised by everything that changes it"),
                ),
                ("history_change_reason", models.CharField(blank=True, max_length=200, null=True)),
                ("history_id", models.BigAutoField(editable=False, primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField()),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "branch",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="organizations.organization",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="identity.user",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical party group",
                "verbose_name_plural": "historical party groups",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="PartyGroup",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=20)),
                (
                    "dissolved_on",
                    models.DateField(help_text="the first day on which it is no more", null=True),
                ),
                (
                    "version",
                    models.PositiveIntegerField(default=1, help_text="raised by everything that changes it"),
                ),
                (
                    "branch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="party_groups",
                        to="organizations.organization",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="GroupPeriod",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("since", models.DateField()),
                ("until", models.DateField(null=True)),
                ("name", models.CharField(max_length=20)),
                ("act", models.CharField(help_text="form, rename", max_length=12)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("document", models.CharField(blank=True, max_length=60)),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="periods",
                        to="organizations.partygroup",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="GroupMembership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("leads", models.BooleanField(default=False)),
                ("since", models.DateField()),
                ("until", models.DateField(null=True)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("document", models.CharField(blank=True, max_length=60)),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="group_memberships",
                        to="organizations.member",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to="organizations.partygroup",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="partygroup",
            constraint=models.UniqueConstraint(
                condition=models.Q(("dissolved_on", None)),
                fields=("branch", "name"),
                name="one_group_of_a_name_per_branch",
            ),
        ),
        migrations.AddConstraint(
            model_name="groupperiod",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__gt", models.F("since"))), name="group_period_runs_forward"
            ),
        ),
        migrations.AddConstraint(
            model_name="groupperiod",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until", None)), fields=("group",), name="one_open_period_per_group"
            ),
        ),
        migrations.AddConstraint(
            model_name="groupmembership",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__gt", models.F("since"))), name="group_membership_runs_forward"
            ),
        ),
        apart("organizations_groupperiod", "group_id", "group_periods_apart"),
        apart("organizations_groupmembership", "member_id", "group_memberships_apart"),
        apart("organizations_groupmembership", "group_id", "group_leaders_apart", " WHERE (leads)"),
    ]
