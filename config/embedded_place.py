"""Where the embedded servers live, as whom they run, and which secrets stand beside them.

An ordinary user's servers live in the data folder and run as that user. PostgreSQL refuses
root: started by root, both servers run as the data folder's owner or an existing account
without rights. That account has to enter the data folder and the installed programs. Where
it may not (a checkout below root's home), nothing is opened up: the servers get a folder of
their own outside, the data folder a link `servers` to it, and the log says so.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib.util
import logging
import os
import pwd
import secrets
import shutil
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

# sun_path of a unix socket, without the closing zero
SOCKET_PATH_BYTES = 103 if sys.platform == "darwin" else 107
LONGEST_SOCKET_NAME = ".s.PGSQL.5432.lock"
UNPRIVILEGED = ("postgres", "nobody")
OUTSIDE = Path("/var/lib")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Account:
    """The account the servers run as; `is_other` when root has to switch to it."""

    name: str
    uid: int
    gid: int
    is_other: bool


@dataclass(frozen=True)
class Place:
    """Everything a server has to know about its surroundings."""

    home: Path
    run_dir: Path
    account: Account


def make_place(data: Path, *, ephemeral: bool) -> Place:
    """Choose or find account, home and socket folder; call it under the data folder's lock."""
    account = account_for(data)
    home = _make_home(data, account, ephemeral=ephemeral)
    return Place(home, _make_run_dir(home, account), account)


def find_place(data: Path) -> Place | None:
    """Find what `make_place` made; None when nothing was ever started here."""
    home = _home_of(data)
    run_dir = (home / "run").resolve()
    return Place(home, run_dir, account_for(data)) if run_dir.is_dir() else None


def secret(data: Path, name: str) -> str:
    """Return the key kept in `<data>/secrets/<name>`: 32 random bytes in urlsafe base64.

    Made on the first call, mode 0600, and the same for all who ask at once. The form is
    what Fernet takes as a key; as a password it has to be quoted in a URL.
    """
    path = data / "secrets" / name
    with contextlib.suppress(FileNotFoundError):
        return path.read_text()
    if not path.parent.is_dir():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        share_owner(path.parent, data)
    draft = path.with_name(f".{name}.{secrets.token_hex(6)}")
    _write_durably(draft, base64.urlsafe_b64encode(secrets.token_bytes(32)))
    share_owner(draft, data)
    with contextlib.suppress(FileExistsError):  # a link, unlike a rename, never replaces
        path.hardlink_to(draft)
    draft.unlink()
    return path.read_text()


def share_owner(path: Path, data: Path) -> None:
    """Leave to the data folder's owner what root makes in it."""
    if os.geteuid() == 0:
        owner = data.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def account_for(data: Path) -> Account:
    """Name the account the servers of this data folder run as; RuntimeError when none will do."""
    uid, owner = os.geteuid(), data.stat().st_uid
    if uid == 0:
        return _unprivileged(owner)
    if owner != uid:
        raise RuntimeError(
            f"{data} belongs to another account: run as its owner or choose another folder."
        )
    return _by_uid(uid, is_other=False)


def own_folder(path: Path, account: Account, mode: int = 0o700) -> Path:
    """Make a folder that belongs to the servers' account."""
    path.mkdir(mode=mode, exist_ok=True)
    if account.is_other:
        os.chown(path, account.uid, account.gid)
    return path


def blocked_at(path: Path, account: Account) -> Path | None:
    """Name the first folder on the way to and including `path` that the account may not enter."""
    if not account.is_other:
        return None
    path = path.resolve()
    return next((f for f in [*reversed(path.parents), path] if not _may_enter(f, account)), None)


def package_folder(name: str, distribution: str) -> Path:
    """Find an installed package without importing it (both packages act on import)."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(
            f"{distribution} is not installed: install the extra 'embedded', "
            "or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return Path(spec.origin).parent


def reachable(folders: list[Path], place: Place) -> list[Path]:
    """Return the folders of programs, copied to the home if the account cannot enter them.

    The copies keep their places beside each other, by which the programs find their libraries.
    """
    if not any(blocked_at(folder, place.account) for folder in folders):
        return folders
    root = Path(os.path.commonpath([folder.parent for folder in folders]))
    target = place.home / "software" / _fingerprint(folders)
    if not target.is_dir():
        _copy_programs(folders, root, target)
    return [target / folder.relative_to(root) for folder in folders]


def _by_uid(uid: int, *, is_other: bool) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise RuntimeError(
            f"Account {uid} has no entry in the account list, and PostgreSQL needs one: "
            "run as a named account or set DATABASE_URL."
        ) from None
    return Account(entry.pw_name, uid, entry.pw_gid, is_other)


def _unprivileged(owner: int) -> Account:
    if owner:
        return _by_uid(owner, is_other=True)
    for name in UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            return _by_uid(pwd.getpwnam(name).pw_uid, is_other=True)
    raise RuntimeError(
        "PostgreSQL refuses to run as root and there is no account postgres or nobody: "
        "run as an ordinary user or set DATABASE_URL."
    )


def _may_enter(folder: Path, account: Account) -> bool:
    info = folder.stat()
    if info.st_uid == account.uid:
        return bool(info.st_mode & stat.S_IXUSR)
    if info.st_gid == account.gid:
        return bool(info.st_mode & stat.S_IXGRP)
    return bool(info.st_mode & stat.S_IXOTH)


def _make_home(data: Path, account: Account, *, ephemeral: bool) -> Path:
    home = _home_of(data)
    blocked = blocked_at(home, account)
    if blocked is None:
        return home
    base = Path(tempfile.gettempdir()) if ephemeral else OUTSIDE
    if (home / "postgres").exists() or blocked_at(base, account) or not os.access(base, os.W_OK):
        raise RuntimeError(
            f"Account {account.name}, as which PostgreSQL runs when root starts it, may not "
            f"enter {blocked}: choose another data folder, run as an ordinary user, "
            "or set DATABASE_URL and REDIS_URL."
        )
    log.warning(
        "Account %s may not enter %s: the servers of %s live in %s, see its link 'servers'",
        *(account.name, blocked, data, base),
    )
    return _move_out(data / "servers", base)


def _home_of(data: Path) -> Path:
    link = data / "servers"
    outside = link.resolve()
    # a temp folder may have been cleaned and the name taken by somebody else
    is_ours = outside.is_dir() and outside.stat().st_uid == os.geteuid()
    return outside if link.is_symlink() and is_ours else data


def _move_out(link: Path, base: Path) -> Path:
    home = Path(tempfile.mkdtemp(prefix="kolokol-", dir=base))
    home.chmod(0o711)
    link.unlink(missing_ok=True)
    link.symlink_to(home)
    return home


def _make_run_dir(home: Path, account: Account) -> Path:
    run = home / "run"
    short = run.resolve()
    if run.is_symlink() and short.is_dir() and short.stat().st_uid == account.uid:
        return short
    if len(os.fsencode(run / LONGEST_SOCKET_NAME)) <= SOCKET_PATH_BYTES:
        return own_folder(run, account)
    short = Path(tempfile.mkdtemp(prefix="kolokol-", dir=_short_folder(account)))
    run.unlink(missing_ok=True)
    run.symlink_to(short)
    return own_folder(short, account)


def _short_folder(account: Account) -> Path:
    room = SOCKET_PATH_BYTES - len("/kolokol-12345678/") - len(LONGEST_SOCKET_NAME)
    named = os.environ.get("XDG_RUNTIME_DIR")
    for folder in [*([Path(named)] if named else []), Path(tempfile.gettempdir())]:
        fits = len(os.fsencode(folder)) <= room and os.access(folder, os.W_OK)
        if fits and not blocked_at(folder, account):
            return folder
    return Path("/tmp")  # noqa: S108 - the folder made in it has a random name and mode 0700


def _fingerprint(folders: list[Path]) -> str:
    facts = [(str(f), f.stat().st_ino, f.stat().st_mtime_ns) for f in folders]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]


def _copy_programs(folders: list[Path], root: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o755, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="new.", dir=target.parent))
    ignore = shutil.ignore_patterns("include", "pgxs", "*.a", "__pycache__")
    for folder in folders:
        shutil.copytree(folder, draft / folder.relative_to(root), ignore=ignore)
    for path in [target.parent, draft, *draft.rglob("*")]:
        path.chmod(0o755)
    draft.rename(target)


def _write_durably(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
