"""The registry: the only tables in ``public`` beside the job queue's own."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class DistrictState(models.TextChoices):
    PROVISIONING = "provisioning", _("开通中")
    ACTIVE = "active", _("运行中")
    SUSPENDED = "suspended", _("已停用")


class DistrictKind(models.TextChoices):
    DISTRICT = "district", _("地区")
    CENTRE = "centre", _("中央监督")


# A schema name is also a Keycloak realm, a host label, a cache and media prefix: a plain slug serves them all.
schema_name_validator = RegexValidator(
    r"\A(?!pg_|building_|spare_)(?!public\Z|information_schema\Z)[a-z][a-z0-9_]{1,39}\Z",
    _("2–40 个小写字母、数字或下划线，以字母开头，且不是保留的名称。"),
)
host_validator = RegexValidator(
    r"\A[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\Z",
    _("一个域名，如 huiji.example.cn，不带端口。"),
)


class District(models.Model):
    """One tenant: a schema, a realm and its hosts. The central committee is a row of kind ``centre``.

    Not django-tenants' ``TenantMixin``: its ``with tenant:`` keeps the previous tenant in a list shared by all
    threads and can restore the wrong one.
    """

    auto_drop_schema = (
        False  # django-tenants asks when a row is deleted; a schema goes by `schemas.drop` alone
    )

    name = models.CharField(max_length=100)
    short_name = models.CharField(max_length=20)
    schema_name = models.CharField(max_length=40, unique=True, validators=[schema_name_validator])
    kind = models.CharField(max_length=10, choices=DistrictKind, default=DistrictKind.DISTRICT)
    database = models.CharField(max_length=40, default="default", help_text="alias in settings.DATABASES")
    state = models.CharField(max_length=12, choices=DistrictState, default=DistrictState.PROVISIONING)
    suspended_reason = models.CharField(max_length=200, blank=True)
    keycloak_url = models.URLField(blank=True)
    issuer = models.URLField(blank=True)
    realm = models.CharField(max_length=40, blank=True)
    client_id = models.CharField(max_length=100, blank=True)
    client_secret_ref = models.CharField(
        max_length=100, blank=True, help_text="name of the secret, never its value"
    )
    steps_done = models.JSONField(
        default=list, help_text="names of the provisioning steps that have finished"
    )
    migrated_to = models.CharField(
        max_length=64, blank=True, help_text="fingerprint of the migrations applied"
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_centre(self) -> bool:
        return self.kind == DistrictKind.CENTRE

    @property
    def is_active(self) -> bool:
        return self.state == DistrictState.ACTIVE


class Domain(models.Model):
    """A host name that answers for a district; lower case, without port."""

    host = models.CharField(max_length=253, unique=True, validators=[host_validator])
    district = models.ForeignKey(District, on_delete=models.CASCADE, related_name="domains")
    is_primary = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.host


class Rollup(models.Model):
    """One figure of one district as the centre may see it, written by the district's own job."""

    district = models.ForeignKey(District, on_delete=models.CASCADE, related_name="rollups")
    metric = models.CharField(max_length=60)
    value = models.BigIntegerField()
    as_of = models.DateTimeField(help_text="when the district counted it")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["district", "metric"], name="one_value_per_metric")]


class Anchor(models.Model):
    """The head of a district's hash chain, kept outside its schema so that a truncated chain is found."""

    district = models.OneToOneField(District, on_delete=models.CASCADE, related_name="anchor")
    sequence = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()


class SchemaScript(models.Model):
    """The statements that build an empty district schema, recorded from one real run of its migrations."""

    fingerprint = models.CharField(max_length=64, unique=True)
    statements = models.JSONField(help_text="[sql, params] pairs in order")
    recorded_at = models.DateTimeField(db_default=Now())
