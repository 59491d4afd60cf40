"""What happens by itself: buffered views are written, abandoned uploads removed."""

from __future__ import annotations

from dangjian.interaction import photos, views_buffer
from tenants.jobs import every


@every("interaction.flush_views", seconds=10)
def flush_views() -> None:
    views_buffer.flush()


@every("interaction.remove_abandoned_photos", seconds=60)
def remove_abandoned_photos() -> None:
    photos.remove_abandoned()
