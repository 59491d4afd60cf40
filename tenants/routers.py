"""Where a model's rows live, decided by the open scope; never silently by default."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import Model

from tenants.context import (
    CATALOGUE_SCHEMA,
    REGISTRY_DATABASE,
    REGISTRY_SCHEMA,
    NoDistrict,
    NoRegistry,
    current_scope,
    required_scope,
)


@cache
def _labels(setting: str) -> frozenset[str]:
    names = set(getattr(settings, setting))
    return frozenset(
        config.label
        for config in apps.get_app_configs()
        if config.name in names or f"{type(config).__module__}.{type(config).__name__}" in names
    )


def is_district_app(app_label: str) -> bool:
    return app_label in _labels("TENANT_APPS")


class DistrictRouter:
    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        label = model._meta.app_label
        scope = required_scope()
        if is_district_app(label):
            if scope.district is None:
                raise NoDistrict(f"{model.__name__} belongs to a district, but the registry is open")
            return scope.database
        if scope.district is not None:
            raise NoRegistry(f"{model.__name__} belongs to the registry: open in_registry()")
        if scope.schema != REGISTRY_SCHEMA:
            raise NoRegistry(f"{model.__name__} belongs to the registry, but only the catalogue is open")
        return REGISTRY_DATABASE

    db_for_write = db_for_read

    def allow_relation(self, obj1: Model, obj2: Model, **hints: Any) -> bool:
        return is_district_app(obj1._meta.app_label) == is_district_app(obj2._meta.app_label)

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool:
        scope = current_scope()
        if scope is None or db != scope.database or scope.schema == CATALOGUE_SCHEMA:
            return False
        return app_label in _labels("TENANT_APPS" if scope.district is not None else "SHARED_APPS")
