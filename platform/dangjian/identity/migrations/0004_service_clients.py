from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0003_known_places")]

    operations = [
        migrations.AddField(
            model_name="serviceclient",
            name="revoked_at",
            field=models.DateTimeField(
                help_text="for good; the row stays for the list and the log", null=True
            ),
        ),
        migrations.AddField(
            model_name="serviceclient",
            name="tokens_since",
            field=models.DateTimeField(
                help_text="tokens issued before are worth nothing: raised with each new secret", null=True
            ),
        ),
    ]
