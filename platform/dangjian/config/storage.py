"""Files: every path and every URL carries the district's schema."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

from tenants.context import current_district


class DistrictStorage(FileSystemStorage):
    """The local file system, one folder a district.

    Everything Django resolves, it resolves against the open district's folder: a name that would leave it is a
    `SuspiciousFileOperation`, and without a district there is no folder.
    """

    @property
    def base_location(self) -> str:
        return str(Path(settings.MEDIA_ROOT) / current_district().schema_name)

    @property
    def location(self) -> str:
        return str(Path(self.base_location).absolute())

    @property
    def base_url(self) -> str:
        return f"{settings.MEDIA_URL}{current_district().schema_name}/"


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Names that carry a digest, in the imports between our modules too: a browser may keep each file for ever."""

    # Not Django's own support for imports: that would read every library's files too, and one names what it lacks.
    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("*.js", ((r"(?P<matched>from '(?P<url>\.\.?/[\w./-]+\.js)';)", "from '%(url)s';"),)),
    )
