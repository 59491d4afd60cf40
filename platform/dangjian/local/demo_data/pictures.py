"""Pictures for the posts, drawn by the program: flat scenes in a few variations."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PIL import Image, ImageDraw

from dangjian.interaction.photos import SIZES, phone_name

# Scenes that may stand below any post.
ANYWHERE = ("community", "trees", "river", "clean", "meeting")
WIDTH, HEIGHT = 1600, 1200


def stored_name(key: str) -> str:
    """The name under which the picture is stored, as `dangjian.interaction.photos` names the desktop size."""
    return f"photos/demo/{key}.jpg"


def size(key: str) -> tuple[int, int]:
    """Width and height of the desktop size."""
    return WIDTH, HEIGHT


def draw_all(keys: Iterable[str], media: Path) -> None:
    """Draw the pictures into a district's media folder, each in both sizes; those already there are left."""
    for key in keys:
        name = stored_name(key)
        if (media / phone_name(name)).exists():
            continue
        (media / name).parent.mkdir(parents=True, exist_ok=True)
        picture = draw(key)
        picture.save(media / name, "JPEG", quality=84)
        picture.thumbnail((SIZES["phone"], SIZES["phone"]))
        picture.save(media / phone_name(name), "JPEG", quality=84)


def draw(key: str) -> Image.Image:
    """The picture of that key, ``scene-variant``."""
    hue = sum(map(ord, key)) * 47 % 360
    picture = Image.new("HSV", (WIDTH, HEIGHT), (hue * 255 // 360, 40, 235)).convert("RGB")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((1000, 200, 1240, 440), fill="#fff6df")
    pen.rectangle((0, 700, WIDTH, HEIGHT), fill="#9fb0a2")
    return picture
