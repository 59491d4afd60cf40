"""Copies what the login theme has from the product: a theme is mounted into Keycloak as a plain folder of its own.

python scripts/theme.py          write the copies anew
python scripts/theme.py --check  tell which of them are not as the product's
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ROOT / "platform" / "dangjian" / "ui"
THEME = ROOT / "platform" / "dangjian" / "identity" / "keycloak" / "themes" / "dangjian" / "login"

COPIES = {
    "resources/css/tokens.css": "static/ui/tokens.css",
    "resources/css/components.css": "static/ui/components.css",
    "resources/css/bootstrap-reboot.min.css": "static/ui/vendor/bootstrap-reboot.min.css",
    "resources/img/mark.svg": "static/ui/mark.svg",
    "scenes/river.ftl": "templates/ui/scenes/river.html",
    "scenes/peony.ftl": "templates/ui/scenes/peony.html",
    "scenes/centre.ftl": "templates/ui/scenes/centre.html",
}


def problems() -> list[str]:
    """The copies that are missing or not as the product's."""
    return [
        f"{copy} is not as {original} of the product; run: make format"
        for copy, original in COPIES.items()
        if not (THEME / copy).exists() or (THEME / copy).read_bytes() != (PRODUCT / original).read_bytes()
    ]


def main(arguments: list[str]) -> int:
    """0 when the copies are as they must be."""
    if "--check" in arguments:
        found = problems()
        print("\n".join(found))
        return 1 if found else 0
    for copy, original in COPIES.items():
        (THEME / copy).write_bytes((PRODUCT / original).read_bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
