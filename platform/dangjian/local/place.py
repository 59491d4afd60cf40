"""Where a local server may keep its files.

A unix socket's path must stay below 100 bytes, and a server that runs as another account (PostgreSQL, when we
are root) cannot enter a 0700 folder such as /root. Where the wanted folder fails either test, a folder under
/var/tmp takes its place, named in ``elsewhere`` inside the wanted one, so that the next start finds it again.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import tempfile
from pathlib import Path

from dangjian.local.process import Account, CannotStart

# sun_path holds 108 bytes on Linux and 104 elsewhere; "run/.s.PGSQL.5432.lock" must fit behind the folder.
_LONGEST_FOLDER = 76
_OUTSIDE = Path("/var/tmp")  # noqa: S108  (mkdtemp makes a name there that nobody could have prepared)


def unprivileged_account() -> Account | None:
    """The account to run PostgreSQL as: None (our own) unless we are root.

    Raises:
        CannotStart: we are root and the system has no account to step down to.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise CannotStart(
        "PostgreSQL refuses to run as root, and there is no account postgres or nobody to run it as: "
        "run this as an ordinary user."
    )


def anyone_may_enter(folder: Path) -> bool:
    """Whether every folder from / down to `folder` lets other accounts pass."""
    folder = folder.resolve()
    return all(part.stat().st_mode & stat.S_IXOTH for part in [folder, *folder.parents])


def server_folder(wanted: Path, *, account: Account | None) -> Path:
    """A folder for the data and socket of a server run as `account`: `wanted`, or one that stands for it."""
    wanted.mkdir(parents=True, exist_ok=True)
    short = len(os.fsencode(wanted.resolve())) <= _LONGEST_FOLDER
    if short and (account is None or anyone_may_enter(wanted)):
        return wanted.resolve()
    known = _standing_in(wanted)
    if known is not None:
        return known
    folder = Path(tempfile.mkdtemp(prefix="dangjian-", dir=_OUTSIDE))
    folder.chmod(0o711)
    (folder / "stands-for").write_text(f"{_identity(wanted)}\n{wanted.resolve()}\n", encoding="utf-8")
    (wanted / "elsewhere").write_text(str(folder), encoding="utf-8")
    _remove_forsaken(wanted, keep=folder)
    return folder


def forget(wanted: Path) -> None:
    """Remove `wanted` and what stands for it."""
    folder = _standing_in(wanted)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(wanted, ignore_errors=True)


def _standing_in(wanted: Path) -> Path | None:
    note = wanted / "elsewhere"
    if not note.exists():
        return None
    folder = Path(note.read_text(encoding="utf-8"))
    # The identity keeps a copied checkout from sharing the original's servers; a renamed one keeps its own.
    return folder if _stands_for(folder)[0] == _identity(wanted) else None


def _identity(wanted: Path) -> str:
    found = wanted.stat()
    return f"{found.st_dev}:{found.st_ino}"


def _stands_for(folder: Path) -> tuple[str, str]:
    try:
        identity, path = (folder / "stands-for").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return "", ""
    return identity, path


def _remove_forsaken(wanted: Path, *, keep: Path) -> None:
    """Remove what stood for a former folder at the same path: a clone that was deleted and made again."""
    path = str(wanted.resolve())
    for folder in _OUTSIDE.glob("dangjian-*"):
        if folder != keep and folder.stat().st_uid == os.geteuid() and _stands_for(folder)[1] == path:
            shutil.rmtree(folder, ignore_errors=True)
