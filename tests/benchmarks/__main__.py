"""``make bench``: ratios measured side by side in one run, interleaved, on this machine.

``make bench ONLY=live`` runs one part (several: ``ONLY=feed,live``). Absolute figures mean nothing on a shared machine
and are printed only so that a slow anchor shows itself.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks import feed, identity, live, register
from tests.benchmarks.measure import NotMeasured, Ratio, not_measured, report
from tests.benchmarks.process import ROOT, run

PARTS: dict[str, Callable[[Mapping[str, str]], list[Ratio]]] = {
    "feed": feed.rows,
    "identity": identity.rows,
    "live": live.rows,
    "register": register.rows,
}


@contextmanager
def standing(folder: Path) -> Iterator[dict[str, str]]:
    """PostgreSQL, Valkey and a filled district; the environment of processes that use them."""
    from dangjian.local import postgres, valkey

    folder.chmod(0o755)
    (folder / "static").mkdir()
    with postgres.running(folder / "pg", durable=False) as database, valkey.running(folder / "vk") as broker:
        environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
            "DJANGO_SETTINGS_MODULE": "dangjian.config.settings",
            "DATABASE_URL": database.url,
            "VALKEY_URL": broker.url,
            "MEDIA_ROOT": str(folder / "media"),
            "STATIC_ROOT": str(folder / "static"),
            "SECRET_KEY": "of a benchmark that listens on loopback only",
            "IDENTITY_LOCAL_IN_PRODUCTION": "1",
            "LOOPBACK_ONLY": "1",
            "LOG_LEVEL": "WARNING",
            "THROTTLE_SCALE": "100000",
        }
        run(environment, "tests.benchmarks.prepare")
        yield environment


def main() -> None:
    only = [name for name in os.environ.get("ONLY", "").split(",") if name]
    for unknown in set(only) - PARTS.keys():
        raise SystemExit(f"ONLY={unknown}: there is no such part; there are {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory(prefix="dj-bench-") as folder, standing(Path(folder)) as environment:
        found: list[Ratio] = []
        for name in only or PARTS:
            try:
                found += PARTS[name](environment)
            except NotMeasured as why:
                found.append(not_measured(f"{name}: every row", n=0, target=None, why=why))
        report(found)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "platform"))
    main()
