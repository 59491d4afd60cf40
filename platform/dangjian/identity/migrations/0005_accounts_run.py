from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0004_service_clients")]

    operations = [
        migrations.CreateModel(
            name="AccountsRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("began_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField(help_text="the last sign of life")),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "began_with",
                    models.PositiveIntegerField(help_text="accounts that were there when it began"),
                ),
                ("done", models.PositiveIntegerField()),
                (
                    "taken",
                    models.JSONField(default=list, help_text="names that somebody else has there"),
                ),
                (
                    "fault",
                    models.CharField(
                        blank=True,
                        help_text="unreachable, refused, unset: it ended early; empty: it did not",
                        max_length=12,
                    ),
                ),
                (
                    "reason",
                    models.CharField(blank=True, help_text="for operators, in English", max_length=300),
                ),
            ],
        ),
    ]
