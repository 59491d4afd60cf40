"""Files: every path and every URL carries the district's schema."""

from __future__ import annotations

from django.conf import settings
from django.core.files.storage import FileSystemStorage

from tenants.context import current_district


class DistrictStorage(FileSystemStorage):
    """The local file system, one folder a district. A name outside the open district's folder cannot be formed."""

    def path(self, name: str) -> str:
        return super().path(f"{current_district().schema_name}/{name}")

    def url(self, name: str | None) -> str:
        return f"{settings.MEDIA_URL}{current_district().schema_name}/{name}"
