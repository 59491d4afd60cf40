"""Pictures for the posts, drawn by the program: flat scenes that differ in light, season, people and framing.

Everything is laid out on a sheet of 160 by 120 units and drawn at twice the stored size, which smooths the edges.

Run as a script it draws what it is told on its standard input, so that the drawing has a process to itself; it
therefore imports nothing of ours.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from PIL import Image, ImageDraw

# Scenes that may stand below any post.
ANYWHERE: Final = ("community", "trees", "river", "clean", "meeting")
LONG, SHORT = 1600, 1200
_OVER = 2  # drawn so many times larger

Point = tuple[float, float]
Colour = str


class Order(NamedTuple):
    """A picture to draw: its key, the file of the desktop size, that of the phone size and its longest side."""

    key: str
    desktop: str
    phone: str
    phone_side: int


def scene_in(scene: str, month: int) -> str:
    """The scene as it looks in that month: trees and fields change."""
    if scene == "trees":
        return (
            "winter"
            if month in (12, 1, 2)
            else "spring"
            if month < 5
            else "summer"
            if month < 10
            else "autumn"
        )
    if scene == "wheat" and month in (5, 6, 9, 10):
        return "harvest"
    return scene


def keys(scene: str, most: int) -> list[str]:
    """The keys of the scene's variations, at most so many."""
    return [f"{scene}-{variant}" for variant in range(min(most, _SCENES[scene][1]))]


def size(key: str) -> tuple[int, int]:
    """Width and height of the desktop size."""
    return (SHORT, LONG) if key in _UPRIGHT else (LONG, SHORT)


def fulfil(order: Order) -> None:
    """Draw the picture into both its files, unless they are there."""
    desktop, phone = Path(order.desktop), Path(order.phone)
    if phone.exists():
        return
    desktop.parent.mkdir(parents=True, exist_ok=True)
    picture = draw(order.key)
    picture.save(desktop, "JPEG", quality=84)
    picture.thumbnail((order.phone_side, order.phone_side))
    picture.save(phone, "JPEG", quality=84)


def draw(key: str) -> Image.Image:
    """The picture of that key, ``scene-variant``.

    Raises:
        KeyError: an unknown scene.
    """
    scene, _, variant = key.partition("-")
    rng = Random(key)
    if key in _UPRIGHT:
        frame = Frame(_UPRIGHT[key] - 45, 0, 90, 120)
    else:
        # Nobody holds a camera twice alike: a little nearer, a little to the side.
        width = 160 * rng.uniform(0.86, 1)
        frame = Frame(rng.uniform(0, 160 - width), (160 - width) * 0.6, width, width * 0.75)
    sheet = Sheet(rng, int(variant), sum(map(ord, scene)), frame, size(key))
    _SCENES[scene][0](sheet)
    picture = sheet.picture.reduce(_OVER)
    if sheet.veil:
        picture = Image.blend(picture, Image.new("RGB", picture.size, sheet.light.sky[0]), sheet.veil)
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else picture


class Frame(NamedTuple):
    """The part of the sheet that is seen, in units."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Light:
    """A time of day: the sky from top to bottom, the far hills, the sun or moon, how lit the ground is."""

    sky: tuple[Colour, Colour]
    hills: Colour
    sun: Colour
    sun_at: Point
    shade: float


_LIGHTS = (
    Light(("#f1d3a6", "#f8ead0"), "#9fb0a2", "#fff4d8", (112, 30), 0.0),
    Light(("#a9cfe2", "#eef3e4"), "#a9c0a4", "#fffdf0", (34, 24), 0.0),
    Light(("#e9a987", "#f7dcb4"), "#8f9aa0", "#ffe3b0", (122, 44), 0.12),
    Light(("#c4d2da", "#e9ece8"), "#a8b5b4", "#f3f3ec", (60, 26), 0.06),
    Light(("#8fb9cf", "#f3e7cf"), "#93a99b", "#fff6de", (86, 28), 0.0),
)
_DUSK = Light(("#27344a", "#b0785c"), "#2d3a4d", "#f6e3b4", (126, 24), 0.5)

_CLOTHES = (
    "#b8362c",
    "#35506b",
    "#c98b2c",
    "#4b6f63",
    "#7a4a5b",
    "#5a6b7c",
    "#8a5a3c",
    "#3f5d52",
    "#a4563f",
    "#6a6f55",
)
_SKIN = ("#dcb491", "#e4bf9c", "#d2a681")
_HAIR = ("#2a2320", "#332c28", "#4a4541", "#8d8781")


class Sheet:
    """A drawing surface in units, with the light and the people of one variation."""

    def __init__(self, rng: Random, variant: int, light: int, frame: Frame, pixels: tuple[int, int]) -> None:
        self.rng = rng
        self.variant = variant
        self.light = _LIGHTS[(light + variant) % len(_LIGHTS)]
        self.veil = 0.0
        self.frame = frame
        self.unit = pixels[0] * _OVER / frame.width
        self.picture = Image.new("RGB", (pixels[0] * _OVER, pixels[1] * _OVER))
        self.pen = ImageDraw.Draw(self.picture)
        self.clothes = list(_CLOTHES)
        rng.shuffle(self.clothes)

    # --- shapes --------------------------------------------------------------------------------------------------

    def at(self, x: float, y: float) -> Point:
        """The pixel of a point given in units."""
        return (x - self.frame.left) * self.unit, (y - self.frame.top) * self.unit

    def gradient(
        self, top: Colour, bottom: Colour, box: tuple[float, float, float, float] = (0, 0, 160, 120)
    ) -> None:
        left, upper = self.at(*box[:2])
        right, lower = self.at(*box[2:])
        height = lower - upper
        for y in range(int(upper), int(lower) + 1, 4):
            colour = _mix(top, bottom, min(1, max(0, (y - upper) / height)))
            self.pen.rectangle((left, y, right, min(y + 3, lower)), fill=colour)

    def rect(self, x: float, y: float, width: float, height: float, fill: Colour, round_: float = 0) -> None:
        box = (*self.at(x, y), *self.at(x + width, y + height))
        if round_:
            self.pen.rounded_rectangle(box, round_ * self.unit, fill=fill)
        else:
            self.pen.rectangle(box, fill=fill)

    def disc(self, x: float, y: float, radius: float, fill: Colour, flat: float = 1) -> None:
        height = radius * flat
        self.pen.ellipse((*self.at(x - radius, y - height), *self.at(x + radius, y + height)), fill=fill)

    def shape(self, points: Sequence[Point], fill: Colour) -> None:
        self.pen.polygon([self.at(x, y) for x, y in points], fill=fill)

    def line(self, points: Sequence[Point], fill: Colour, width: float) -> None:
        self.pen.line(
            [self.at(x, y) for x, y in points], fill=fill, width=round(width * self.unit), joint="curve"
        )

    def swell(
        self, base: float, height: float, wave: float, start: float, fill: Colour, to: float = 120
    ) -> None:
        """Land or water with a softly waving upper edge."""
        points = [
            (
                x,
                base
                - height * (0.5 + 0.5 * math.sin(start + x / wave))
                - height * 0.2 * math.sin(start * 2 + x / wave * 2.3),
            )
            for x in range(0, 161, 2)
        ]
        self.shape([*points, (160, to), (0, to)], fill)

    # --- things --------------------------------------------------------------------------------------------------

    def sky(self, horizon: float, light: Light | None = None) -> None:
        light = light or self.light
        self.gradient(*light.sky, (0, 0, 160, horizon + 8))
        self.disc(*light.sun_at, 9 if light is not _DUSK else 5, light.sun)

    def cloud(self, x: float, y: float, scale: float, fill: Colour = "#ffffff") -> None:
        sun_x, sun_y = self.light.sun_at
        if abs(x - sun_x) < 24 and abs(y - sun_y) < 16:
            x = (x + 60) % 150
        fill = _hex(_mix(fill, self.light.sky[1], 0.35))
        for dx, dy, radius in ((-8, 0, 4), (-3, -2.6, 5.4), (4, -1.6, 4.8), (9, 0.4, 3.4)):
            self.disc(x + dx * scale, y + dy * scale, radius * scale, fill)
        self.rect(x - 10 * scale, y, 20.5 * scale, 3.8 * scale, fill, 1.9 * scale)

    def ground(self, y: float, top: Colour, bottom: Colour) -> None:
        self.gradient(top, bottom, (0, y, 160, 120))

    def tree(self, x: float, y: float, scale: float, leaves: Colour, trunk: Colour = "#6a4d36") -> None:
        """A round tree whose trunk stands at (x, y)."""
        self.rect(x - 1.2 * scale, y - 16 * scale, 2.4 * scale, 16 * scale, trunk)
        dark = _hex(_mix(leaves, "#24382a", 0.18))
        for dx, dy, radius in ((-6.0, -20.0, 7.5), (6.5, -19, 7), (0, -26, 9)):
            self.disc(x + dx * scale, y + dy * scale, radius * scale, dark)
        for dx, dy, radius in ((-6.5, -21, 6.5), (5.5, -20.5, 6), (-0.8, -27, 8)):
            self.disc(x + dx * scale, y + dy * scale, radius * scale, leaves)

    def bare_tree(self, x: float, y: float, scale: float) -> None:
        bark = "#6a5a4c"
        self.rect(x - 1.1 * scale, y - 26 * scale, 2.2 * scale, 26 * scale, bark)
        for step in range(6):
            height = y - (12 + step * 3.2) * scale
            reach = (13 - step * 1.6) * scale
            side = 1 if step % 2 else -1
            tip = (x + side * reach, height - 9 * scale)
            self.line([(x, height), tip], bark, 0.8 * scale)
            self.line(
                [
                    (x + side * reach * 0.5, height - 4.5 * scale),
                    (x + side * reach * 0.4, height - 10 * scale),
                ],
                bark,
                0.5 * scale,
            )

    def poplar(self, x: float, y: float, scale: float, leaves: Colour) -> None:
        """A slim tree, as along levees."""
        self.rect(x - 0.7 * scale, y - 9 * scale, 1.4 * scale, 9 * scale, "#6a5a48")
        self.disc(x, y - 19 * scale, 4.2 * scale, leaves, 2.9)

    def person(
        self,
        x: float,
        y: float,
        scale: float,
        *,
        clothes: Colour = "",
        facing: int = 0,
        hat: Colour = "",
        elder: bool = False,
        legs: bool = True,
        vest: Colour = "",
    ) -> None:
        """Somebody standing with the feet at (x, y), 33 units tall at scale 1; `facing` is -1, 0 or 1."""
        rng = self.rng
        clothes = clothes or self.clothes[0]
        self.clothes.append(self.clothes.pop(0))
        skin = rng.choice(_SKIN)
        hair = _HAIR[3] if elder else rng.choice(_HAIR[:3])
        shade = _hex(_mix(clothes, "#1e2326", 0.22))
        if legs:
            trousers = _hex(_mix(rng.choice(("#3a4149", "#4c4540", "#2f3b46")), "#000000", 0.05))
            self.rect(x - 3.6 * scale, y - 11 * scale, 3.2 * scale, 11 * scale, trousers, 0.8 * scale)
            self.rect(x + 0.4 * scale, y - 11 * scale, 3.2 * scale, 11 * scale, trousers, 0.8 * scale)
        top = y - 22.5 * scale
        self.rect(x - 7.2 * scale, top + 1.5 * scale, 3 * scale, 11.5 * scale, shade, 1.5 * scale)
        self.rect(x + 4.2 * scale, top + 1.5 * scale, 3 * scale, 11.5 * scale, shade, 1.5 * scale)
        self.disc(x - 5.7 * scale, top + 13.2 * scale, 1.5 * scale, skin)
        self.disc(x + 5.7 * scale, top + 13.2 * scale, 1.5 * scale, skin)
        self.rect(x - 5.4 * scale, top, 10.8 * scale, 13.5 * scale, clothes, 3.2 * scale)
        if vest:
            self.rect(x - 5.4 * scale, top + 0.6 * scale, 3.4 * scale, 12 * scale, vest, 1.4 * scale)
            self.rect(x + 2 * scale, top + 0.6 * scale, 3.4 * scale, 12 * scale, vest, 1.4 * scale)
            self.rect(x - 5.4 * scale, top + 8.4 * scale, 10.8 * scale, 1.4 * scale, "#f2e2b0")
        self.rect(x - 1.5 * scale, top - 2 * scale, 3 * scale, 3.4 * scale, _hex(_mix(skin, "#7a5238", 0.2)))
        head = top - 5.2 * scale
        self.disc(x, head - 0.8 * scale, 4.7 * scale, hair)
        self.disc(x + 0.7 * facing * scale, head + 0.7 * scale, 4.1 * scale, skin)
        self.shape(
            [
                (x - 4.6 * scale, head + 0.2 * scale),
                (x - 3.4 * scale, head - 3.9 * scale),
                (x + 3.4 * scale, head - 3.9 * scale),
                (x + 4.6 * scale, head + 0.2 * scale),
                (x + (1.8 + facing) * scale, head - 1.9 * scale),
                (x - (2.2 - facing) * scale, head - 1.6 * scale),
            ],
            hair,
        )
        if hat:
            self.disc(x, head - 2.4 * scale, 6.6 * scale, hat, 0.26)
            self.disc(x, head - 3.6 * scale, 4 * scale, hat, 0.8)

    def house(
        self, x: float, y: float, width: float, height: float, wall: Colour, roof: Colour, lit: float = 0
    ) -> None:
        """A block of flats standing on y, with windows of which a part is lit."""
        rng = self.rng
        self.rect(x, y - height, width, height, wall)
        self.rect(x - 0.8, y - height - 1.6, width + 1.6, 2.4, roof)
        columns, rows = max(2, int(width / 9)), max(1, int(height / 12))
        for column in range(columns):
            for row in range(rows):
                left = x + (column + 0.5) * width / columns - 2.2
                upper = y - height + 4 + row * (height - 4) / rows
                glass = (
                    "#f5d48a"
                    if rng.random() < lit
                    else _hex(_mix("#a9bfca", wall, 0.25 if not lit else 0.75))
                )
                self.rect(left, upper, 4.4, 5, glass)
                if not lit:
                    self.rect(left, upper + 5, 4.4, 0.7, _hex(_mix(wall, "#5d554c", 0.35)))

    def mountains(self, base: float) -> None:
        start = self.rng.uniform(0, 6)
        far = _hex(_mix(self.light.hills, self.light.sky[1], 0.45))
        self.swell(base, 11, 26, start, far)
        self.swell(base + 4, 8, 17, start + 2.2, self.light.hills)

    def tint(self) -> None:
        """Let the light colour the whole."""
        self.veil = self.light.shade * 0.6


# --- scenes ------------------------------------------------------------------------------------------------------


def _river(sheet: Sheet) -> None:
    rng = sheet.rng
    horizon = rng.choice((56, 60, 66))
    sheet.sky(horizon)
    sheet.cloud(rng.uniform(20, 60), 20, 0.8)
    sheet.mountains(horizon + 4)
    water = rng.choice((("#cbab75", "#a8834f"), ("#9fb9bd", "#6f9199"), ("#bfae84", "#8f8a68")))
    sheet.ground(horizon + 4, *water)
    glint = _hex(_mix(water[0], "#ffffff", 0.4))
    for row in range(7):
        y = horizon + 9 + row * 8 + rng.uniform(-1, 1)
        start = rng.uniform(0, 6)
        left = rng.uniform(0, 50)
        right = rng.uniform(95, 160)
        sheet.line(
            [(x, y + 0.8 * math.sin(start + x / 11)) for x in range(int(left), int(right), 3)], glint, 0.55
        )
    if sheet.variant % 2 == 0:
        steel = "#6d6055"
        sheet.rect(0, horizon + 1, 160, 2.6, steel)
        for pier in range(10, 160, 26):
            sheet.rect(pier, horizon + 2, 2.4, 13, steel)
        for truss in range(23, 150, 52):
            top = (truss + 13, horizon - 16)
            sheet.line([(truss, horizon + 1), top, (truss + 26, horizon + 1)], steel, 1.3)
            sheet.line([top, (truss + 13, horizon + 1)], steel, 0.8)
    else:
        sheet.swell(horizon + 9, 3, 30, rng.uniform(0, 6), "#8a9a6a", horizon + 12)
        for trunk in range(6, 160, 13):
            sheet.poplar(trunk + rng.uniform(-2, 2), horizon + 8, rng.uniform(0.55, 0.8), "#6f8c5c")
    bank = "#8f9a63" if sheet.variant != 3 else "#a49566"
    sheet.shape([(0, 96), (50, 100), (104, 109), (160, 118), (160, 120), (0, 120)], bank)
    sheet.shape([(0, 103), (60, 108), (110, 117), (120, 120), (0, 120)], "#d8cdb2")
    if sheet.variant in (0, 1, 4):
        for number in range(rng.choice((2, 3))):
            x = 20 + number * 17 + rng.uniform(-2, 2)
            sheet.person(x, 112 + number * 1.5, 0.92, facing=1, vest="#b8362c" if sheet.variant != 4 else "")
            if number == 0:
                sheet.shape([(x + 6, 104), (x + 13, 104), (x + 14, 112), (x + 5, 112)], "#3f5d52")
    else:
        for stand in (112, 126, 133):
            _heron(sheet, stand, 92 + stand % 5)
    sheet.tint()


def _heron(sheet: Sheet, x: float, y: float) -> None:
    white = "#fbfaf4"
    sheet.disc(x, y, 3, white, 0.6)
    sheet.line([(x + 2.2, y - 0.8), (x + 3.4, y - 4.6), (x + 4.4, y - 5.6)], white, 0.7)
    sheet.line([(x + 4.2, y - 5.6), (x + 7, y - 5)], "#c79a3a", 0.5)
    sheet.line([(x - 0.6, y + 1), (x - 0.6, y + 6)], "#57534c", 0.4)
    sheet.line([(x + 0.8, y + 1), (x + 0.8, y + 6)], "#57534c", 0.4)


def _wheat(sheet: Sheet) -> None:
    _field(sheet, ripe=False)


def _harvest(sheet: Sheet) -> None:
    _field(sheet, ripe=True)


def _field(sheet: Sheet, *, ripe: bool) -> None:
    rng = sheet.rng
    sheet.sky(54)
    sheet.cloud(rng.uniform(30, 120), 18, 0.9)
    sheet.cloud(rng.uniform(90, 150), 30, 0.6)
    sheet.mountains(56)
    for trunk in range(4, 160, 9):
        if rng.random() < 0.75:
            sheet.poplar(trunk, 59, rng.uniform(0.45, 0.75), "#7d9a68")
    top, bottom = ("#e2bd60", "#b98a2e") if ripe else ("#a9bf6a", "#6f9148")
    sheet.ground(58, top, bottom)
    furrow = _hex(_mix(bottom, "#5c4a2c", 0.3))
    for number in range(-9, 10):
        spread = number * 5
        sheet.shape(
            [
                (80 + spread, 58),
                (80 + spread + 0.5, 58),
                (80 + spread * 6.2 + 5, 120),
                (80 + spread * 6.2, 120),
            ],
            furrow,
        )
    ear = _hex(_mix(top, "#fff3c4", 0.5))
    for _ in range(260 if ripe else 200):
        depth = rng.random() ** 0.6
        y = 62 + depth * 58
        x = rng.uniform(0, 160)
        height = 1.2 + 5.5 * depth
        sheet.line([(x, y), (x + 0.3 * height * rng.uniform(-0.4, 0.6), y - height)], ear, 0.18 + 0.4 * depth)
    sheet.person(rng.uniform(98, 124), 96, 1.15, hat="#e8d4a0", elder=True, legs=False)
    if sheet.variant in (0, 2, 3):
        sheet.person(rng.uniform(70, 84), 92, 1.0, facing=1, legs=False)
    for _ in range(90):
        x, y = rng.uniform(54, 136), rng.uniform(90, 99)
        sheet.line(
            [(x, y), (x + rng.uniform(-0.6, 0.6), y - rng.uniform(3, 6))], ear if ripe else "#c3d48a", 0.45
        )
    sheet.tint()


def _classroom(sheet: Sheet) -> None:
    rng = sheet.rng
    wall = rng.choice(("#e9e6dc", "#e3e9e6", "#efe6d6", "#e6e8ee", "#ece4e0"))
    sheet.gradient(wall, _hex(_mix(wall, "#c9bfae", 0.45)))
    board = rng.choice(("#fdfcf8", "#35564a", "#fdfcf8"))
    ink = "#8fa3b3" if board == "#fdfcf8" else "#d9e2d6"
    sheet.rect(28, 9, 92, 50, "#b99a72", 1)
    sheet.rect(30, 11, 88, 46, board)
    for row in range(4):
        width = rng.uniform(26, 52)
        sheet.rect(36, 17 + row * 9, width, 2.2, ink, 1.1)
    sheet.rect(94, 16, 18, 24, "#c9574d" if board == "#fdfcf8" else "#e0b45c", 1)
    sheet.disc(103, 26, 5, "#f2dfc0")
    sheet.rect(128, 12, 24, 34, "#cfe3ea")
    sheet.rect(139, 12, 1.6, 34, "#ffffff")
    sheet.rect(128, 28, 24, 1.6, "#ffffff")
    sheet.rect(0, 84, 160, 36, "#b89a74")
    sheet.person(120, 88, 1.25, facing=-1)
    for row, (y, scale) in enumerate(((98, 1.15), (119, 1.5))):
        offset = rng.uniform(0, 8)
        for number in range(4 - row):
            x = 16 + offset + number * (38 + row * 8)
            sheet.person(x, y + 7 * scale, scale, elder=rng.random() < 0.3, legs=False)
            sheet.rect(x - 14 * scale, y - 1, 28 * scale, 3.2 * scale, "#8a6240", 0.8)
            sheet.rect(x - 14 * scale, y + 2 * scale, 28 * scale, 30, "#9c7350")
            sheet.rect(x - 5 * scale, y - 2.2, 8 * scale, 1.6, "#fbf8ef")


def _meeting(sheet: Sheet) -> None:
    rng = sheet.rng
    wall = rng.choice(("#efe6d8", "#e7e9e4", "#efe2d2", "#e4e6ea", "#eee7dd"))
    sheet.gradient(wall, _hex(_mix(wall, "#bfae95", 0.4)))
    for x in (10, 128):
        sheet.rect(x, 14, 22, 32, "#cfe0e6")
        sheet.rect(x + 10.2, 14, 1.6, 32, "#ffffff")
        sheet.disc(x + 11, 46, 9, "#93ad86", 0.5)
        sheet.rect(x, 45, 22, 3, "#c9b79c")
    sheet.rect(46, 12, 68, 36, "#d6cbb8", 1.5)
    sheet.rect(48, 14, 64, 32, "#fbf8f0", 1)
    bar = rng.choice(("#5a7f97", "#4b6f63", "#c98b2c"))
    for number in range(5):
        height = rng.uniform(6, 22)
        sheet.rect(
            56 + number * 10,
            42 - height,
            6,
            height,
            bar if number % 2 else _hex(_mix(bar, "#ffffff", 0.4)),
            0.8,
        )
    sheet.rect(0, 92, 160, 28, "#a98a66")
    seats = ((34, 74), (58, 71), (82, 71), (106, 71), (128, 74))
    for x, y in seats[: 5 if sheet.variant % 2 else 4]:
        sheet.person(x, y + 12, 1.08, elder=rng.random() < 0.35, legs=False)
    table = rng.choice(("#9a6b45", "#8a6a4c", "#a87a50"))
    sheet.shape([(22, 78), (138, 78), (152, 100), (8, 100)], table)
    sheet.shape([(8, 100), (152, 100), (150, 106), (10, 106)], _hex(_mix(table, "#3d2a1c", 0.35)))
    for x in (42, 68, 92, 118):
        sheet.shape([(x, 84), (x + 9, 84), (x + 10, 89), (x - 1, 89)], "#fbf8ef")
        sheet.disc(x + 14, 86, 1.9, "#e8e2d4")
        sheet.disc(x + 14, 85.6, 1.3, "#8a5a34", 0.7)
    for x in (52, 108):
        sheet.person(x, 128, 1.35, legs=False)


def _lamp(sheet: Sheet) -> None:
    rng = sheet.rng
    light = _DUSK
    sheet.gradient(*light.sky, (0, 0, 160, 100))
    for _ in range(26):
        sheet.disc(rng.uniform(0, 160), rng.uniform(0, 34), rng.uniform(0.15, 0.45), "#e9e2cf")
    if sheet.variant % 2:
        sheet.disc(28, 20, 6, "#f6e7c0")
        sheet.disc(31, 18.4, 5.4, _hex(_mix(light.sky[0], light.sky[1], 0.16)))
    for x, width, height, wall in (
        (-4.0, 34, 52, "#1f2a3b"),
        (34, 30, 66, "#243042"),
        (70, 26, 44, "#1c2636"),
        (102, 62, 58, "#212d3f"),
    ):
        sheet.house(
            x, 100, width, height + rng.uniform(-6, 6), wall, _hex(_mix(wall, "#000000", 0.3)), lit=0.42
        )
    sheet.ground(98, "#3a3438", "#2a272d")
    for x in (rng.uniform(24, 40), rng.uniform(116, 132)):
        for step in range(10):
            radius = 22 - step * 1.9
            glow = _hex(_mix("#3a3438", "#f3c877", 0.06 + step * 0.065))
            sheet.disc(x + 6, 108, radius, glow, 0.28)
        sheet.rect(x - 0.7, 46, 1.4, 62, "#15181f")
        sheet.line([(x, 47), (x + 7, 45)], "#15181f", 1)
        for step in range(6):
            sheet.disc(x + 8, 46, 6.5 - step, _hex(_mix("#4a4454", "#ffe7ab", 0.12 + step * 0.17)))
        sheet.rect(x + 4.4, 44.2, 7.2, 1.8, "#15181f", 0.9)
    people = 1 + sheet.variant % 3
    for number in range(people):
        x = 66 + number * 15
        sheet.person(x, 113, 1.0, facing=1 if number % 2 else -1)
    if sheet.variant in (0, 3):
        sheet.line([(92, 113), (97, 70)], "#8f7a5a", 0.9)
        sheet.line([(101, 113), (99, 70)], "#8f7a5a", 0.9)
        for step in range(8):
            y = 110 - step * 5
            sheet.line([(92.6 + step * 0.6, y), (101 - step * 0.2, y)], "#8f7a5a", 0.7)
        sheet.person(98, 84, 0.9, vest="#c98b2c")


def _spring(sheet: Sheet) -> None:
    _park(sheet, ("#e3b7b0", "#efcdc6", "#9bb56a"), "#9bb56a")


def _summer(sheet: Sheet) -> None:
    _park(sheet, ("#6f9a5a", "#86ab66", "#8fae62"), "#86a75c")


def _autumn(sheet: Sheet) -> None:
    _park(sheet, ("#d9a441", "#e2b95c", "#c8786a"), "#b3a65c")


def _winter(sheet: Sheet) -> None:
    _park(sheet, (), "#b5ab8e")


def _park(sheet: Sheet, leaves: Sequence[Colour], lawn: Colour) -> None:
    """A path between trees; without `leaves` they are bare."""
    rng = sheet.rng
    sheet.sky(64)
    sheet.cloud(rng.uniform(20, 70), 22, 0.9)
    sheet.swell(64, 9, 30, rng.uniform(0, 6), _hex(_mix(lawn, "#dfe8dc", 0.55)))
    sheet.ground(70, _hex(_mix(lawn, "#ffffff", 0.15)), _hex(_mix(lawn, "#3d4f2c", 0.35)))
    sheet.shape([(70, 72), (84, 72), (132, 120), (44, 120)], "#d9cdb4")
    for x, y, scale in ((14, 82, 1.0), (52, 76, 0.7), (104, 76, 0.72), (146, 84, 1.15), (30, 100, 1.35)):
        if leaves:
            sheet.tree(x + rng.uniform(-3, 3), y, scale, rng.choice(leaves))
        else:
            sheet.bare_tree(x + rng.uniform(-3, 3), y, scale)
    for _ in range(60 if leaves else 0):
        sheet.disc(rng.uniform(0, 160), rng.uniform(84, 120), rng.uniform(0.3, 0.8), rng.choice(leaves), 0.6)
    if sheet.variant == 0:
        sheet.person(96, 106, 1.05, facing=-1)
        sheet.line([(103, 92), (108, 108)], "#7a5c3e", 1)
        sheet.rect(112, 88, 1.6, 20, "#6a4d36")
        sheet.disc(113, 84, 5.5, leaves[0] if leaves else "#8a9a6a")
        sheet.disc(112.6, 108, 7, "#6b4f38", 0.3)
        sheet.person(125, 108, 1.1, facing=-1, hat="#e8d4a0")
    else:
        sheet.rect(108, 98, 26, 2, "#8a6240", 0.8)
        sheet.rect(108, 93, 26, 1.6, "#8a6240", 0.8)
        sheet.rect(111, 100, 1.6, 7, "#57493c")
        sheet.rect(129, 100, 1.6, 7, "#57493c")
        sheet.person(84, 104, 0.95, elder=True, facing=1)
        if sheet.variant == 2:
            sheet.person(72, 106, 0.7, facing=1)
    sheet.tint()


def _clean(sheet: Sheet) -> None:
    rng = sheet.rng
    sheet.sky(80)
    walls = rng.sample(("#d9cbb6", "#cfc6ba", "#dcc7ae", "#c9cdca", "#e0d2bd"), 4)
    for x, width, height, wall in (
        (-2.0, 44, 46, walls[0]),
        (46, 38, 38, walls[1]),
        (88, 40, 52, walls[2]),
        (132, 32, 42, walls[3]),
    ):
        sheet.house(x, 84, width, height, wall, _hex(_mix(wall, "#7b5a48", 0.5)))
    for x in (42, 86, 130):
        sheet.tree(x + rng.uniform(-2, 2), 86, 0.75, rng.choice(("#7fa066", "#95ad6a", "#c79a4a")))
    sheet.ground(84, "#cdc6ba", "#b2aba0")
    sheet.rect(0, 84, 160, 2.4, "#a8a095")
    sheet.line([(0, 112), (160, 104)], "#dfd9cf", 0.8)
    people = 3 if sheet.variant != 3 else 2
    for number in range(people):
        x = 40 + number * 34 + rng.uniform(-4, 4)
        y = 108 + (number % 2) * 5
        sheet.person(
            x,
            y,
            1.2,
            clothes="#35506b" if number % 2 else "#5a6b7c",
            vest="#c0392f",
            facing=1 if number < 2 else -1,
        )
        side = 1 if number < 2 else -1
        sheet.line([(x + side * 6, y - 14), (x + side * 13, y + 3)], "#9a7b54", 1)
        sheet.shape(
            [
                (x + side * 10.5, y + 1),
                (x + side * 15, y + 0.5),
                (x + side * 17.5, y + 6),
                (x + side * 9.5, y + 6),
            ],
            "#c9a25e",
        )
    for _ in range(26):
        sheet.disc(
            rng.uniform(30, 140),
            rng.uniform(108, 118),
            rng.uniform(0.5, 1.1),
            rng.choice(("#c79a4a", "#a9703c", "#8fa05a")),
            0.6,
        )
    sheet.shape([(132, 98), (146, 98), (148, 114), (130, 114)], "#3f5d52")
    sheet.rect(131, 96, 16, 3, "#4f7265", 1)
    sheet.tint()


def _visit(sheet: Sheet) -> None:
    rng = sheet.rng
    wall = rng.choice(("#f2dfc4", "#ecdcc9", "#e6e2d2", "#f0d9c4", "#e9dfd6"))
    sheet.gradient(wall, _hex(_mix(wall, "#c89a6a", 0.35)))
    sheet.rect(98, 12, 46, 44, "#ffffff")
    sheet.gradient(*sheet.light.sky, (100, 14, 142, 54))
    sheet.rect(120.2, 14, 1.6, 40, "#ffffff")
    sheet.rect(100, 33, 42, 1.6, "#ffffff")
    curtain = rng.choice(("#c9785a", "#7f9a8c", "#b98a4a", "#8a7a9a"))
    sheet.shape([(92, 8), (104, 8), (100, 60), (92, 60)], curtain)
    sheet.shape([(150, 8), (138, 8), (142, 60), (150, 60)], curtain)
    sheet.rect(24, 14, 24, 17, "#8a6240", 0.8)
    sheet.rect(26, 16, 20, 13, "#f5efe2")
    sheet.disc(33, 23, 3.4, "#d8a98a")
    sheet.disc(40, 23.4, 3, "#caa07e")
    sheet.rect(56, 16, 12, 15, "#8a6240", 0.8)
    sheet.rect(57.4, 17.4, 9.2, 12.2, "#dfe6da")
    sheet.rect(0, 94, 160, 26, "#9b7350")
    sheet.disc(80, 108, 62, "#b58a62", 0.16)
    sofa = rng.choice(("#8f5f4a", "#5d7268", "#7a6a86", "#a5764e"))
    sheet.rect(12, 56, 64, 34, sofa, 6)
    sheet.rect(6, 66, 12, 36, _hex(_mix(sofa, "#2a1c16", 0.15)), 5)
    sheet.rect(70, 66, 12, 36, _hex(_mix(sofa, "#2a1c16", 0.15)), 5)
    sheet.person(36, 94, 1.3, elder=True, facing=1, legs=False)
    if sheet.variant % 2:
        sheet.person(60, 94, 1.25, elder=True, facing=1, legs=False)
    sheet.rect(16, 82, 56, 20, _hex(_mix(sofa, "#ffffff", 0.1)), 4)
    sheet.rect(30, 80, 4, 5, "#dcb491", 1.5)
    sheet.rect(40, 80, 4, 5, "#dcb491", 1.5)
    sheet.person(112, 108, 1.45, facing=-1, vest="#b8362c" if sheet.variant in (0, 2) else "")
    sheet.person(138, 110, 1.4, facing=-1)
    sheet.rect(80, 90, 26, 3, "#7c5536", 1)
    sheet.rect(83, 93, 2.4, 16, "#6a472d")
    sheet.rect(100, 93, 2.4, 16, "#6a472d")
    sheet.rect(86, 80, 10, 10, "#d8a44a", 1)
    sheet.rect(90, 80, 2, 10, "#b3271f")
    sheet.disc(100, 88, 2.4, "#d9653f")
    sheet.disc(103.6, 88.4, 2, "#e08a4a")


def _community(sheet: Sheet) -> None:
    rng = sheet.rng
    sheet.sky(64)
    sheet.cloud(rng.uniform(20, 60), 20, 1)
    sheet.cloud(rng.uniform(100, 140), 14, 0.7)
    sheet.swell(70, 6, 24, rng.uniform(0, 6), "#aebf9c")
    for x in (6.0, 150):
        sheet.house(x - 14, 82, 28, 50, _hex(_mix("#d9cbb6", sheet.light.sky[1], 0.3)), "#9a8372")
    wall = rng.choice(("#f1e9da", "#efe3d2", "#e9ebe6", "#f3e6d8", "#ece6dc"))
    roof = rng.choice(("#8a6a58", "#6f7d84", "#a3694f", "#7b7468"))
    sheet.rect(28, 46, 104, 44, wall)
    sheet.shape([(22, 47), (38, 32), (122, 32), (138, 47)], roof)
    sheet.rect(22, 46, 116, 2.4, _hex(_mix(roof, "#000000", 0.2)))
    sheet.rect(58, 38, 44, 6, "#fbf8f0", 1)
    for number in range(5):
        sheet.rect(63 + number * 7.2, 39.6, 4.4, 2.8, "#b3342c", 0.6)
    for x in (36, 50, 98, 112):
        sheet.rect(x, 56, 11, 16, "#b9d3dc")
        sheet.rect(x + 5, 56, 1, 16, "#ffffff")
        sheet.rect(x - 0.8, 72, 12.6, 1.6, "#cdbfa8")
        sheet.disc(x + 5.5, 72, 4.6, rng.choice(("#7fa066", "#c9786a", "#d2a64e")), 0.4)
    sheet.rect(68, 56, 24, 34, _hex(_mix(wall, "#6a5a4c", 0.4)))
    sheet.rect(69.4, 57.4, 10, 32.6, "#9fc0cb")
    sheet.rect(80.6, 57.4, 10, 32.6, "#9fc0cb")
    sheet.ground(88, "#d6cdbd", "#bdb3a2")
    sheet.shape([(66, 90), (94, 90), (100, 94), (60, 94)], "#e7e0d3")
    sheet.shape([(94, 94), (100, 94), (128, 100), (122, 100)], "#e7e0d3")
    leaves = rng.choice(("#86a566", "#c99a46", "#6f955c"))
    sheet.tree(18, 98, 1.1, leaves)
    sheet.tree(144, 100, 1.25, leaves)
    for number in range(2 + sheet.variant % 3):
        x = 44 + number * 22 + rng.uniform(-4, 4)
        sheet.person(
            x,
            108 + rng.uniform(-3, 4),
            rng.uniform(0.88, 1.0),
            elder=rng.random() < 0.4,
            facing=rng.choice((-1, 1)),
        )
    sheet.tint()


def _snow(sheet: Sheet) -> None:
    rng = sheet.rng
    light = Light(("#b9c9d6", "#e6edf0"), "#c6d2d8", "#f5f3ea", (120, 26), 0)
    sheet.light = light
    sheet.sky(60)
    sheet.swell(66, 10, 28, rng.uniform(0, 6), "#cfdadf")
    for x, width, height, wall in (
        (-4, 40, 42, "#b9a796"),
        (40, 34, 52, "#a7aeb2"),
        (112, 52, 46, "#b5a293"),
    ):
        sheet.house(x, 84, width, height, wall, "#f7fafb", lit=0.25)
        sheet.rect(x - 1.2, 84 - height - 3.2, width + 2.4, 3.6, "#fbfdfd", 1.6)
    for x in (88, 104, 30):
        sheet.rect(x - 1, 64, 2, 24, "#5d5048")
        for side in (-1, 1):
            for step in range(4):
                y = 66 + step * 4
                sheet.line([(x, y + 3), (x + side * (8 - step), y - 3)], "#5d5048", 0.7)
                sheet.line([(x + side * 1.5, y + 1.6), (x + side * (8 - step), y - 3.6)], "#fbfdfd", 0.6)
    sheet.ground(84, "#f3f7f8", "#dbe4e8")
    sheet.shape([(62, 86), (88, 86), (128, 120), (34, 120)], "#b9b6b0")
    for number in range(3):
        x = 58 + number * 24
        y = 108 + number % 2 * 5
        sheet.person(x, y, 1.15, facing=1, hat=rng.choice(("#b8362c", "#35506b", "#4b6f63")))
        sheet.line([(x + 5, y - 13), (x + 13, y + 2)], "#8a6a46", 1)
        sheet.rect(x + 10.5, y + 1, 6.5, 4.4, "#6f7c86", 0.8)
        sheet.disc(x + 18, y + 5, 5, "#ffffff", 0.5)
    for _ in range(150):
        sheet.disc(rng.uniform(0, 160), rng.uniform(0, 118), rng.uniform(0.25, 0.7), "#ffffff")


def _library(sheet: Sheet) -> None:
    rng = sheet.rng
    wall = rng.choice(("#efe5d3", "#e8e3d8", "#e9e6da", "#ecdfcf"))
    sheet.gradient(wall, _hex(_mix(wall, "#b99a72", 0.4)))
    for left in (6, 58, 110):
        sheet.rect(left, 10, 46, 66, "#8a6240", 1)
        for shelf in range(4):
            top = 13 + shelf * 15.6
            sheet.rect(left + 2, top, 42, 13, "#6b4a30")
            x = left + 3.0
            while x < left + 40:
                width = rng.uniform(1.8, 3.8)
                height = rng.uniform(8.5, 12)
                if rng.random() < 0.1:
                    x += 3
                    continue
                spine = rng.choice(
                    ("#b8543c", "#d8a44a", "#5a7f97", "#7fa08a", "#e6dcc6", "#8a6a8a", "#c9866a", "#47606a")
                )
                sheet.rect(x, top + 13 - height, width, height, spine)
                x += width + 0.35
    sheet.rect(0, 92, 160, 28, "#b08c62")
    for number, x in enumerate((30, 64, 98, 130)[: 3 + sheet.variant % 2]):
        sheet.person(x, 102, 1.12, elder=number == sheet.variant % 3, facing=rng.choice((-1, 1)), legs=False)
    sheet.shape([(10, 92), (150, 92), (158, 108), (2, 108)], "#c79b68")
    sheet.rect(2, 108, 156, 4, "#8f6a44")
    for x in (28, 62, 96, 128):
        sheet.shape([(x - 7, 97), (x, 98.4), (x, 102), (x - 8, 100.6)], "#fffaf0")
        sheet.shape([(x + 7, 97), (x, 98.4), (x, 102), (x + 8, 100.6)], "#f3ead8")
    for x in (46, 114):
        sheet.rect(x - 0.5, 84, 1, 12, "#4a4038")
        sheet.shape(
            [(x - 5, 86), (x + 5, 86), (x + 3, 80), (x - 3, 80)],
            rng.choice(("#4b6f63", "#b8543c", "#c98b2c")),
        )
        sheet.disc(x, 97, 3.4, "#4a4038", 0.35)


def _road(sheet: Sheet) -> None:
    rng = sheet.rng
    sheet.sky(70)
    sheet.cloud(rng.uniform(30, 120), 18, 0.8)
    for x, width, height in ((-6.0, 36, 40), (30, 26, 30), (104, 30, 34), (132, 36, 48)):
        wall = rng.choice(("#d5c5ae", "#c7c6c0", "#dac3a6", "#c9b9a8"))
        sheet.house(x, 74, width, height, wall, _hex(_mix(wall, "#6a4a3a", 0.5)))
    sheet.ground(72, "#cfc7b8", "#c3baaa")
    sheet.shape([(64, 74), (88, 74), (150, 120), (-6, 120)], "#7d7c7b")
    for step in range(5):
        y = 78 + step * step * 1.9 + step * 2
        half = 0.4 + step * 0.4
        sheet.shape(
            [
                (76 - half, y),
                (76 + half, y),
                (75.6 + half * 1.5, y + 3 + step),
                (75.6 - half * 1.5, y + 3 + step),
            ],
            "#f0e8d4",
        )
    for row in range(9):
        y = 86 + row * 4
        x = 106 + row * 6.5
        sheet.shape(
            [(x, y), (x + 5 + row * 0.5, y), (x + 8 + row * 0.6, y + 3.2), (x + 2, y + 3.2)], "#d9a93e"
        )
    for x, scale in ((16, 0.9), (52, 0.5), (102, 0.55), (140, 0.95)):
        sheet.tree(x, 74 + scale * 10, scale, rng.choice(("#86a566", "#c79a4a", "#74965c")))
    if sheet.variant % 2:
        for x in (62, 74, 86):
            sheet.shape([(x - 3, 108), (x + 3, 108), (x + 0.8, 97), (x - 0.8, 97)], "#d8643a")
            sheet.rect(x - 1.9, 101.4, 3.8, 2, "#fbf4e6")
        sheet.disc(74, 112, 8, "#5a5856", 0.36)
        sheet.disc(74, 111.4, 6.8, "#6c6a67", 0.34)
        sheet.person(98, 112, 1.15, vest="#d8a02c", facing=-1, hat="#e0b13a")
    else:
        sheet.person(112, 104, 1.0, elder=True, facing=-1)
        sheet.person(124, 106, 1.08, facing=-1)
        _bicycle(sheet, 44, 104)
    sheet.tint()


def _bicycle(sheet: Sheet, x: float, y: float) -> None:
    for dx in (-9, 9):
        sheet.disc(x + dx, y, 6.4, "#2f3338")
        sheet.disc(x + dx, y, 5.6, "#7d7c7b")
    frame = [(x - 9, y), (x - 3, y - 8), (x + 6, y - 8), (x + 9, y), (x, y), (x - 3, y - 8)]
    sheet.line(frame, "#b8543c", 1)
    sheet.line([(x, y), (x + 6, y - 8)], "#b8543c", 1)
    sheet.line([(x + 6, y - 8), (x + 6, y - 11), (x + 9, y - 12)], "#2f3338", 0.9)
    sheet.line([(x - 5.5, y - 10), (x - 1, y - 10)], "#2f3338", 1.4)


def _market(sheet: Sheet) -> None:
    rng = sheet.rng
    sheet.sky(70)
    sheet.house(-4, 70, 60, 44, "#d6c4aa", "#8a6a58")
    sheet.house(98, 70, 70, 50, "#cdc3b4", "#7f6a5c")
    sheet.ground(70, "#cbc1b0", "#b5aa98")
    for number, left in enumerate((4, 58, 112)):
        stripe = rng.choice(
            (("#c9574d", "#f7efe0"), ("#4b7f6f", "#f4efdf"), ("#d8a02c", "#fbf3df"), ("#47708a", "#f1efe6"))
        )
        sheet.rect(left + 3, 50, 1.4, 46, "#6a5a4c")
        sheet.rect(left + 40, 50, 1.4, 46, "#6a5a4c")
        for piece in range(8):
            x = left + piece * 5.6
            sheet.shape([(x + 1.6, 42), (x + 6.2, 42), (x + 5.6, 54), (x, 54)], stripe[piece % 2])
            sheet.disc(x + 2.8, 54, 2.8, stripe[piece % 2], 0.7)
        sheet.person(left + 22, 96, 1.1, elder=number == 1, facing=rng.choice((-1, 1)), legs=False)
        sheet.rect(left + 1, 84, 43, 5, "#a97b50", 1)
        sheet.rect(left + 3, 89, 39, 15, "#8d6642")
        for heap in range(4):
            fruit = rng.choice(("#d9653f", "#7f9f4f", "#e2b04a", "#b8433a", "#8a5a7a", "#cf8a3c"))
            for dot in range(7):
                sheet.disc(
                    left + 6 + heap * 10.4 + dot % 4 * 2 + dot // 4, 83.4 - dot // 4 * 1.9, 1.45, fruit
                )
    sheet.person(44, 117, 1.2, facing=1)
    sheet.person(102, 118, 1.15, facing=-1, elder=True)
    sheet.shape([(110, 106), (117, 106), (118, 114), (109, 114)], "#7f9f8a")


def _office(sheet: Sheet) -> None:
    rng = sheet.rng
    wall = rng.choice(("#e8ebea", "#ece6dc", "#e4e8ee", "#ebe9e0"))
    sheet.gradient(wall, _hex(_mix(wall, "#b4b0a6", 0.4)))
    sheet.rect(10, 12, 140, 20, "#4f6f86", 2)
    for number in range(3):
        x = 24 + number * 44
        sheet.rect(x, 18, 24, 3, "#f3efe2", 1.4)
        sheet.rect(x + 5, 24, 14, 2, "#b9cbd6", 1)
    for number in range(3):
        x = 34 + number * 44
        sheet.person(
            x,
            82,
            1.15,
            clothes="#5a6b7c" if number % 2 else "#3f5266",
            facing=rng.choice((-1, 0, 1)),
            legs=False,
        )
        sheet.rect(x + 8, 56, 12, 9, "#39424a", 1)
        sheet.rect(x + 9, 57, 10, 6.6, "#9fc3d2")
        sheet.rect(x + 13, 65, 2, 4, "#39424a")
    sheet.rect(6, 70, 148, 5, "#c7ac86", 1.4)
    sheet.rect(10, 75, 140, 24, "#e6ddcc")
    sheet.rect(10, 84, 140, 2, "#b3342c")
    sheet.rect(0, 98, 160, 22, "#bfb7a9")
    for x, elder in ((44, True), (86, False), (130, True))[: 2 + sheet.variant % 2]:
        sheet.person(x + rng.uniform(-4, 4), 116, 1.3, elder=elder and rng.random() < 0.7, facing=0)
    sheet.rect(140, 86, 12, 14, "#b98a5c", 2)
    for dx, dy in ((-5, -8), (0, -12), (5, -8), (2, -5), (-2, -5)):
        sheet.disc(146 + dx, 84 + dy, 4.6, "#7a9a68")


def _workshop(sheet: Sheet) -> None:
    rng = sheet.rng
    sheet.gradient("#dfe3e2", "#bfc3bf")
    for x in range(8, 160, 38):
        sheet.rect(x, 8, 28, 22, "#cfe1e8")
        sheet.rect(x + 13.2, 8, 1.6, 22, "#f6f8f6")
    sheet.rect(0, 34, 160, 4, "#8d9290")
    pipe = rng.choice(("#4b7f96", "#5f8a6a", "#a8743c"))
    sheet.rect(0, 44, 160, 6, pipe)
    sheet.rect(0, 45.2, 160, 1.4, _hex(_mix(pipe, "#ffffff", 0.35)))
    for x in (34, 98):
        sheet.rect(x, 42, 7, 10, _hex(_mix(pipe, "#000000", 0.2)), 1)
        sheet.rect(x + 1.2, 50, 4.6, 34, pipe)
        sheet.disc(x + 3.5, 62, 5.2, "#b3423a")
        sheet.disc(x + 3.5, 62, 3.4, "#dfe3e2")
        sheet.rect(x + 2.8, 57, 1.4, 10, "#b3423a")
    sheet.rect(112, 58, 44, 34, "#6c7a82", 2)
    sheet.rect(116, 62, 18, 12, "#25313a", 1)
    for number in range(3):
        sheet.disc(140 + number * 5, 66, 1.6, ("#d9a43a", "#7fa86a", "#c9574d")[number])
    sheet.rect(116, 80, 36, 2, "#57646c")
    sheet.rect(0, 90, 160, 30, "#a6a298")
    sheet.rect(0, 104, 160, 1.6, "#d9b64a")
    helmet = rng.choice(("#e0b13a", "#d9d9d2", "#c9574d"))
    for number in range(2 + sheet.variant % 2):
        x = 40 + number * 30
        sheet.person(
            x, 112, 1.3, clothes=rng.choice(("#3f5d78", "#52606b")), facing=1 - 2 * (number % 2), hat=helmet
        )
    sheet.rect(56, 88, 7, 9, "#fbf6e8", 0.6)
    for row in range(3):
        sheet.rect(57.2, 90 + row * 2.2, 4.4, 0.8, "#8a8378")


def _station(sheet: Sheet) -> None:
    rng = sheet.rng
    dark = sheet.variant % 2 == 1
    light = _DUSK if dark else sheet.light
    sheet.gradient(*light.sky, (0, 0, 160, 92))
    wall = "#2b3648" if dark else "#d9cebc"
    sheet.house(-6, 92, 60, 70, wall, _hex(_mix(wall, "#000000", 0.25)), lit=0.4 if dark else 0)
    sheet.house(112, 92, 60, 62, wall, _hex(_mix(wall, "#000000", 0.25)), lit=0.4 if dark else 0)
    sheet.ground(90, *(("#45404a", "#312e36") if dark else ("#cbc3b6", "#b6aea1")))
    sheet.rect(42, 46, 78, 48, "#c98b2c" if not dark else "#a8742a", 2)
    sheet.rect(46, 58, 70, 34, "#ffe9b8" if dark else "#e6eef0", 1)
    sheet.rect(46, 48.6, 70, 7, "#fbf3df", 1)
    for number in range(4):
        sheet.rect(60 + number * 11, 50.2, 7, 3.8, "#4f6f86", 0.8)
    sheet.rect(50, 80, 30, 2.4, "#8a6240", 0.8)
    for x in (56, 70):
        sheet.rect(x, 74, 3.6, 6, "#c9574d", 0.6)
        sheet.disc(x + 7, 78, 2, "#f7efe0")
    sheet.rect(90, 64, 20, 28, "#b98a5c" if not dark else "#8a6a48")
    sheet.rect(92, 66, 16, 26, "#f6e2b4" if dark else "#b9d3dc")
    sheet.person(66, 100, 1.05, vest="#d8a02c", facing=1)
    sheet.person(84, 102, 1.1, facing=-1, hat="#3f7fa0")
    _bicycle(sheet, 128, 106)
    sheet.rect(112, 92, 11, 9, "#3f7fa0", 1)
    if rng.random() < 0.6:
        sheet.person(32, 106, 1.1, vest="#3f7fa0", facing=1, hat="#3f7fa0")


def _calligraphy(sheet: Sheet) -> None:
    rng = sheet.rng
    wall = rng.choice(("#efe7d8", "#e9e4d6", "#efe4d4"))
    sheet.gradient(wall, _hex(_mix(wall, "#b99a72", 0.35)))
    for number in range(4):
        x = 14 + number * 37
        sheet.rect(x, 8, 18, 52, "#fffaf0")
        sheet.rect(x - 1, 7, 20, 2, "#8a6240")
        sheet.rect(x - 1, 59, 20, 2, "#8a6240")
        if number % 2:
            _ink_hills(sheet, x + 1.5, 50, 15)
        else:
            _bamboo(sheet, x + 6.5, 54, 19)
            _bamboo(sheet, x + 11, 54, 25)
        sheet.rect(x + 13, 53, 3, 3, "#b3342c", 0.4)
    sheet.rect(0, 90, 160, 30, "#a98a66")
    for number, x in enumerate((36, 74, 116)):
        sheet.person(x, 94, 1.2, elder=number != 1, facing=rng.choice((-1, 1)), legs=False)
    sheet.shape([(8, 84), (152, 84), (160, 108), (0, 108)], "#9a6b45")
    sheet.rect(0, 108, 160, 4, "#6f4a2e")
    for x in (24, 66, 108):
        sheet.shape([(x, 87), (x + 26, 87), (x + 28, 103), (x - 2, 103)], "#fffaf0")
        _bamboo(sheet, x + 8, 101, 11)
        _bamboo(sheet, x + 17, 101, 8)
    for x in (56, 98):
        sheet.disc(x, 96, 4, "#3a3632", 0.5)
        sheet.disc(x, 95.6, 2.8, "#14110f", 0.5)
        sheet.line([(x + 3, 95), (x + 10, 86)], "#b98a5c", 0.9)


def _bamboo(sheet: Sheet, x: float, y: float, height: float) -> None:
    """Bamboo in ink whose foot is at (x, y)."""
    rng = sheet.rng
    ink = rng.choice(("#2f3a34", "#3d4640", "#4a524b"))
    lean = rng.uniform(-0.12, 0.12)
    for joint in range(4):
        low, high = joint / 4, (joint + 0.9) / 4
        at = [(x + lean * height * part, y - height * part) for part in (low, high)]
        sheet.line(at, ink, 0.07 * height)
        if joint:
            side = rng.choice((-1, 1))
            left, top = at[0]
            for turn in (0.25, 0.5, 0.8):
                tip = (left + side * height * 0.3, top - height * (0.3 - turn * 0.45))
                middle = (left + side * height * 0.16, top - height * (0.22 - turn * 0.3))
                sheet.shape([(left, top), middle, tip, (middle[0], middle[1] + 0.06 * height)], ink)


def _ink_hills(sheet: Sheet, x: float, y: float, width: float) -> None:
    """A landscape in ink that fills so much of the width, standing on y."""
    rng = sheet.rng
    for layer, ink in enumerate(("#c9cdc8", "#9aa39d", "#5f6a64")):
        peak = x + width * rng.uniform(0.2, 0.8)
        foot = y - 6 + layer * 5
        high = foot - rng.uniform(11, 17) + layer * 4
        sheet.shape([(x, foot), (x, foot - 2), (peak, high), (x + width, foot - 3), (x + width, foot)], ink)
    sheet.disc(x + width * 0.7, y - 27, 2, "#c0513f")


def _stairs(sheet: Sheet) -> None:
    rng = sheet.rng
    wall = rng.choice(("#e6e2d6", "#dfe4e0", "#e9dfd2"))
    sheet.gradient(wall, _hex(_mix(wall, "#a89a84", 0.4)))
    sheet.rect(0, 0, 160, 120, wall)
    sheet.gradient(_hex(_mix(wall, "#ffffff", 0.3)), _hex(_mix(wall, "#b8a88e", 0.25)))
    sheet.rect(16, 14, 34, 40, "#ffffff", 1)
    sheet.gradient(sheet.light.sky[0], sheet.light.sky[1], (18, 16, 48, 52))
    sheet.rect(32.2, 16, 1.6, 36, "#ffffff")
    sheet.rect(0, 100, 160, 20, "#b9ae9c")
    for step in range(8):
        sheet.rect(64 + step * 13, 100 - step * 8, 160, 8, _hex(_mix("#cfc5b4", "#8f8674", step % 2 * 0.12)))
        sheet.rect(64 + step * 13, 100 - step * 8, 160, 1.4, "#e4dccd")
    for step in range(0, 9, 2):
        sheet.rect(62 + step * 13, 78 - step * 8, 1.4, 24, "#5f6f74")
    sheet.line([(60, 78), (176, 7)], "#a86a3c", 2.6)
    sheet.person(46, 112, 1.4, facing=1)
    sheet.person(104, 76, 1.2, elder=True, facing=-1)
    sheet.rect(20, 104, 20, 9, "#b3423a", 1)
    sheet.rect(27, 101, 6, 3, "#57493c", 0.8)


def _village_yard(sheet: Sheet) -> None:
    rng = sheet.rng
    sheet.sky(58)
    sheet.cloud(rng.uniform(60, 130), 18, 0.8)
    sheet.swell(64, 7, 22, rng.uniform(0, 6), "#b3c39a")
    for x, width, wall in ((2, 56, "#e9dcc6"), (92, 70, "#efe5d2")):
        sheet.rect(x, 52, width, 36, wall)
        roof = rng.choice(("#8a5a48", "#6f6a66", "#9a6a50"))
        sheet.shape([(x - 5, 53), (x + 6, 38), (x + width - 6, 38), (x + width + 5, 53)], roof)
        for row in range(3):
            sheet.line(
                [(x - 3 + row * 3, 50 - row * 4), (x + width + 3 - row * 3, 50 - row * 4)],
                _hex(_mix(roof, "#000000", 0.18)),
                0.5,
            )
        sheet.rect(x + width / 2 - 6, 64, 12, 24, "#8a5a3c")
        for left in (x + 7, x + width - 18):
            sheet.rect(left, 62, 11, 12, "#b9d3dc")
            sheet.rect(left + 5, 62, 1, 12, "#ffffff")
    sheet.ground(86, "#d8c7a4", "#bfa67c")
    sheet.tree(76, 92, 1.5, rng.choice(("#7f9c58", "#a3a052", "#b98a4a")))
    for number in range(6):
        sheet.disc(112 + number * 6, 58 + number % 2, 2.1, "#d98a2c")
        sheet.disc(112 + number * 6, 61.6 + number % 2, 1.8, "#d98a2c")
    for x, y, elder in ((46, 104, True), (64, 110, False), (96, 110, True), (114, 104, False)):
        sheet.rect(x - 5, y - 6, 10, 2, "#7a5434", 0.6)
        sheet.person(x, y, 1.0, elder=elder, facing=1 if x < 80 else -1)
    sheet.disc(80, 104, 9, "#9a7048", 0.36)
    sheet.rect(79, 104, 2, 10, "#7a5434")
    sheet.disc(78, 102.4, 1.6, "#f3ead8")
    sheet.disc(83, 103, 1.6, "#f3ead8")
    sheet.tint()


# Scene: who draws it, in how many variations.
_SCENES: Final[dict[str, tuple[Callable[[Sheet], None], int]]] = {
    "river": (_river, 5),
    "wheat": (_wheat, 3),
    "harvest": (_harvest, 2),
    "classroom": (_classroom, 3),
    "meeting": (_meeting, 4),
    "lamp": (_lamp, 3),
    "spring": (_spring, 2),
    "summer": (_summer, 3),
    "autumn": (_autumn, 3),
    "winter": (_winter, 2),
    "clean": (_clean, 3),
    "visit": (_visit, 4),
    "community": (_community, 4),
    "snow": (_snow, 2),
    "library": (_library, 3),
    "road": (_road, 3),
    "market": (_market, 2),
    "office": (_office, 3),
    "workshop": (_workshop, 3),
    "station": (_station, 2),
    "calligraphy": (_calligraphy, 2),
    "stairs": (_stairs, 2),
    "village_yard": (_village_yard, 2),
}
# Held upright: the middle of what is seen, in units.
_UPRIGHT: Final = {
    "lamp-2": 58,
    "river-3": 112,
    "autumn-1": 84,
    "library-1": 70,
    "summer-2": 84,
    "visit-3": 104,
    "stairs-1": 78,
    "wheat-1": 92,
}


def _mix(one: Colour, other: Colour, share: float) -> tuple[int, int, int]:
    """The colour that lies at `share` (0 to 1) of the way from one to the other."""
    first = [int(one[at : at + 2], 16) for at in (1, 3, 5)]
    second = [int(other[at : at + 2], 16) for at in (1, 3, 5)]
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _hex(colour: tuple[int, int, int]) -> Colour:
    return "#{:02x}{:02x}{:02x}".format(*colour)


if __name__ == "__main__":
    for line in sys.stdin:
        fulfil(Order(*json.loads(line)))
