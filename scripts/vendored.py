"""Copies the front-end libraries' dist files into the tree, and tells whether they are still what was copied.

python scripts/vendored.py          fetch the versions package.json pins (needs npm) and write the files anew
python scripts/vendored.py --check  compare every file with its recorded digest; needs nothing
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "platform" / "dangjian" / "ui" / "static" / "ui" / "vendor"
MANIFEST = TARGET / "manifest.json"

# What is taken of each package: (path in the package, name here). The licence goes along.
TAKEN = {
    "bootstrap": [
        ("dist/css/bootstrap-reboot.min.css", "bootstrap-reboot.min.css"),
        ("LICENSE", "bootstrap.LICENSE"),
    ],
    "echarts": [
        ("dist/echarts.esm.min.js", "echarts.esm.min.js"),
        ("LICENSE", "echarts.LICENSE"),
        ("NOTICE", "echarts.NOTICE"),
    ],
    "htmx.org": [("dist/htmx.min.js", "htmx.min.js"), ("LICENSE", "htmx.LICENSE")],
}


def pinned() -> dict[str, str]:
    """Package → version, as package.json pins them."""
    versions: dict[str, str] = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    return versions


def digest(content: bytes) -> str:
    """Subresource-integrity form: ``sha384-…``."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


def fetch() -> None:
    """Write the files and the manifest anew."""
    TARGET.mkdir(parents=True, exist_ok=True)
    files: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "package.json", folder)
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
        subprocess.run(["npm", "install", *quiet], cwd=folder, check=True)
        for package, version in pinned().items():
            source = Path(folder) / "node_modules" / package
            licence = json.loads((source / "package.json").read_text(encoding="utf-8"))["license"]
            for path, name in TAKEN[package]:
                content = _without_map((source / path).read_bytes())
                (TARGET / name).write_bytes(content)
                files[name] = {
                    "package": package,
                    "version": version,
                    "licence": licence,
                    "path": path,
                    "integrity": digest(content),
                }
    MANIFEST.write_text(json.dumps(files, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def problems() -> list[str]:
    """What is not as recorded; empty when all is well."""
    if not MANIFEST.exists():
        return ["there is no manifest; run: python scripts/vendored.py"]
    recorded: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    found = []
    for name, entry in recorded.items():
        path = TARGET / name
        if not path.exists():
            found.append(f"{name}: missing")
        elif digest(path.read_bytes()) != entry["integrity"]:
            found.append(f"{name}: differs from {entry['package']} {entry['version']}")
    for package, version in pinned().items():
        copied = {entry["version"] for entry in recorded.values() if entry["package"] == package}
        if copied != {version}:
            found.append(
                f"{package}: package.json pins {version}, copied is {', '.join(copied) or 'nothing'}"
            )
    strays = {path.name for path in TARGET.iterdir()} - recorded.keys() - {MANIFEST.name}
    found += [f"{name}: not in the manifest" for name in sorted(strays)]
    return found


def _without_map(content: bytes) -> bytes:
    """Without the last line's reference to a source map, which is not copied and would be asked for in vain."""
    body, mark, _map = content.rpartition(b"\n/*# sourceMappingURL=")
    return body + b"\n" if mark else content


def main(arguments: list[str]) -> int:
    if arguments != ["--check"]:
        fetch()
    found = problems()
    print("\n".join(found) if found else f"{len(list(TARGET.iterdir())) - 1} vendored files as recorded")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
