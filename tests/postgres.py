"""A PostgreSQL server of the tests' own: a new cluster on a Unix socket, thrown away at the end."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

USER = "jiesuan"
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin")
START_SECONDS = 60
QUICK = ("-c", "max_connections=150", "-c", "shared_buffers=64MB")


def binaries() -> Path | None:
    """Return the folder of initdb and postgres, the newest version first; None without one."""
    found = [path for place in PLACES for path in Path("/").glob(place[1:] + "/initdb")]
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path))
    return max(found, key=_version).parent if found else None


def _version(path: Path) -> int:
    digits = [part for part in path.as_posix().replace("-", "/").split("/") if part.isdigit()]
    return int(digits[-1]) if digits else 0


def why_not() -> str:
    """Return why no server can be started here; empty where one can."""
    if binaries() is None:
        return "PostgreSQL is not installed: apt-get install postgresql"
    if os.geteuid() == 0 and _account() is None:
        return "PostgreSQL does not run as root, and there is no other account to run it as"
    return ""


def _account() -> pwd.struct_passwd | None:
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names.get("nobody")


@dataclass
class Server:
    """One cluster; `kill` ends it as a power cut would, `start` brings it back."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="jiesuan-pg-")))
    process: subprocess.Popen[bytes] | None = None
    databases: int = 0

    def __post_init__(self) -> None:
        account = _account()
        if os.geteuid() == 0 and account is not None:
            shutil.chown(self.folder, account.pw_uid, account.pw_gid)
        run = ["-D", str(self._data), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C"]
        self._call("initdb", *run, "--data-checksums", "--no-sync")
        self.start()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _command(self, name: str, *arguments: str) -> list[str]:
        folder = binaries()
        assert folder is not None
        return [str(folder / name), *arguments]

    def _identity(self) -> dict[str, object]:
        account = _account()
        if os.geteuid() != 0 or account is None:
            return {}
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def _call(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            self._command(name, *arguments),
            cwd=self.folder,
            capture_output=True,
            check=False,
            **self._identity(),  # type: ignore[call-overload]
        )
        assert done.returncode == 0, done.stderr.decode()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        socket = ["-k", str(self.folder), "-c", "listen_addresses="]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command("postgres", "-D", str(self._data), *socket, *QUICK),
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._identity(),  # type: ignore[call-overload]
            )
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
            assert time.monotonic() < until, "PostgreSQL does not answer"
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.folder), user=USER, dbname="postgres", autocommit=True, connect_timeout=10
        )

    def kill(self) -> None:
        """End every process of the server at once, unflushed and untidied."""
        assert self.process is not None
        for pid in [*_children(self.process.pid), self.process.pid]:
            _end(pid)
        self.process.wait()
        while (self._data / "postmaster.pid").exists() and _children_left(self._data):
            time.sleep(0.02)
        for left in (self._data / "postmaster.pid", *self.folder.glob(".s.PGSQL.*")):
            left.unlink(missing_ok=True)

    def new_database(self) -> str:
        """Return the URL of a database that nobody has used."""
        self.databases += 1
        name = f"test_{self.databases}"
        with self._connect() as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql+psycopg://{USER}@/{name}?host={self.folder}"

    def close(self) -> None:
        """End it and take its files away."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)  # Its files go: nothing need be flushed.
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # It ended by itself in between.


def _children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(one) for one in path.read_text().split()] if path.exists() else []


def _children_left(data: Path) -> bool:
    """Return whether a process of the cluster still lies on its shared memory."""
    needle = str(data)
    for path in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if str(path.readlink()) == needle:
                return True
        except OSError:
            continue  # It ended, or is not ours to look at.
    return False


def main() -> int:
    """Run a command beside a server that ends with it; JIESUAN_POSTGRESQL names a database."""
    reason = why_not()
    if reason:
        sys.stderr.write(reason + "\n")
        return 1
    server = Server()
    try:
        environment = os.environ | {"JIESUAN_POSTGRESQL": server.new_database()}
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
