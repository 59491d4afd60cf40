"""What the peers are made of: compiled, or fetched from package registries, into ``build/peers``.

Versions are pinned here; nothing is installed on the machine.
"""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.benchmarks.measure import NotMeasured

HERE = Path(__file__).resolve().parent
PEERS = HERE / "peers"
BUILD = HERE.parents[1] / "build" / "peers"
WS = "ws@8.23.0"
BUN = "@oven/bun-linux-x64@1.4.5"
NGINX = ("nginx", "libnginx-mod-nchan")


@cache
def compiled(source: Path) -> Path:
    """The program made from a C file, compiled for this run.

    Raises:
        NotMeasured: there is no gcc.
    """
    compiler = _needed("gcc")
    program = BUILD / source.stem
    BUILD.mkdir(parents=True, exist_ok=True)
    subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-o", program, source], check=True)
    return program


@cache
def node() -> tuple[str, Path]:
    """Node and a folder with `ws` in its ``node_modules``."""
    return _needed("node", "Node 18 or newer"), _npm(WS)


@cache
def bun() -> Path:
    """Bun's program, which its registry package carries."""
    program = _npm(BUN) / "node_modules" / "@oven" / "bun-linux-x64" / "bin" / "bun"
    if subprocess.run([program, "--version"], capture_output=True, check=False).returncode:
        raise NotMeasured("needs a processor and a system that Bun's build runs on")
    return program


@cache
def nginx() -> tuple[Path, Path]:
    """nginx and its module nchan: the machine's own, or Debian's packages unpacked here."""
    folder = BUILD / "nginx"
    for root in (Path("/"), folder):
        found = root / "usr/sbin/nginx", root / "usr/lib/nginx/modules/ngx_nchan_module.so"
        if all(path.exists() for path in found):
            return found
    _needed("apt-get", "nginx with nchan: Debian's packages nginx and libnginx-mod-nchan")
    folder.mkdir(parents=True, exist_ok=True)
    fetched = subprocess.run(["apt-get", "download", *NGINX], cwd=folder, capture_output=True, check=False)
    if fetched.returncode:
        raise NotMeasured("needs nginx with nchan: apt-get install nginx libnginx-mod-nchan")
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
    return nginx()


def _needed(program: str, what: str = "") -> str:
    found = shutil.which(program)
    if found is None:
        raise NotMeasured(f"needs {what or program}")
    return found


def _npm(package: str) -> Path:
    """A folder of its own that holds this package."""
    npm = _needed("npm", "Node's npm")
    folder = BUILD / package.strip("@").replace("/", "-")
    if not (folder / "node_modules").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text("{}", encoding="utf-8")
        done = subprocess.run(
            [npm, "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", package],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NotMeasured(f"needs {package} from the npm registry, which did not give it")
    return folder
