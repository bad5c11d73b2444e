#!/usr/bin/env python3
"""Set up .venv beside this file when it is needed, then hand over to the product.

    python3 jiesuan.py demo                  the main job on generated claims
    python3 jiesuan.py test [pytest ...]     the tests
    python3 jiesuan.py ANYTHING ELSE         the installed `jiesuan` command

Needs Python 3.11 or later and its standard library. pip's own settings (PIP_INDEX_URL, ...) hold;
JIESUAN_WHEELS names a folder of wheels to install from with no network.
"""

# Python 3.6 must be able to read this file, to refuse in plain words: newer annotations are quoted.
import hashlib
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
SUFFIX = ".exe" if os.name == "nt" else ""
PYTHON = BIN / f"python{SUFFIX}"
COMMAND = BIN / f"jiesuan{SUFFIX}"
HOME_FILE = VENV / "jiesuan-home"
GUARD = ROOT / ".venv.lock"
LOCKS = {"run": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}


def main(arguments: "list[str]") -> None:
    """The product has run with these arguments; its exit code is ours."""
    refuse_an_old_python(sys.version_info[:2])
    # Python before 3.13 reads an editable install's path in the locale's encoding; a GBK locale
    # would misread a folder with a Chinese name.
    os.environ.setdefault("PYTHONUTF8", "1")
    testing = arguments[:1] == ["test"]
    make_ready("dev" if testing else "run")
    if testing:
        os.chdir(ROOT)
        hand_over([str(PYTHON), "-m", "pytest", *arguments[1:]])
    hand_over([str(COMMAND), *arguments])


def refuse_an_old_python(version: "tuple[int, int]") -> None:
    """Nothing, or the end of the run when this Python cannot run the product."""
    if version < OLDEST:
        stop(
            "需要 Python {0}.{1} 或更高版本, 当前为 {2}.{3}。请改用如 python{0}.{1} jiesuan.py",
            "Python {0}.{1} or later is needed; this is {2}.{3}. Try python{0}.{1} jiesuan.py",
            *OLDEST,
            *version,
        )


def make_ready(purpose: str) -> None:
    """The environment holds what the lock of `purpose` ("run" or "dev") lists."""
    if is_ready(purpose):
        return
    with one_launcher_at_a_time():
        if not is_ready(purpose):
            if not is_usable():
                create()
            install(purpose)


def is_ready(purpose: str) -> bool:
    """Whether the last install for `purpose` finished and nothing it came from has changed."""
    try:
        stamp = stamp_of(purpose).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    present = os.access(PYTHON, os.X_OK) and os.access(COMMAND, os.X_OK)
    return present and stamp == fingerprint(purpose)


def stamp_of(purpose: str) -> Path:
    """The file that says what was installed; it goes when the environment goes."""
    return VENV / f"jiesuan-{purpose}.sha256"


def fingerprint(purpose: str) -> str:
    """SHA-256 of all that decides an install: lock, pyproject.toml, Python version, place."""
    digest = hashlib.sha256(home())
    for source in (LOCKS[purpose], ROOT / "pyproject.toml"):
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()


def home() -> bytes:
    """What an environment is tied to: scripts in it name its place, packages its Python."""
    return b"%d.%d %b" % (*sys.version_info[:2], os.fsencode(ROOT))


def is_usable() -> bool:
    """Whether .venv runs this version of Python and has not been moved or copied here."""
    if HOME_FILE.exists() and HOME_FILE.read_bytes() != home():
        return False
    probe = "import sys; print(*sys.version_info[:2], sys.prefix != sys.base_prefix)"
    expected = "{} {} True".format(*sys.version_info[:2])
    try:
        answer = subprocess.run(
            [str(PYTHON), "-I", "-c", probe], capture_output=True, text=True, check=False
        )
    except OSError:
        return False
    return answer.stdout.strip() == expected


def create() -> None:
    """A new, empty .venv. It asks for no pip: Debian without python3-venv could not give it."""
    say("建立 Python 环境", f"creating {VENV.name}")
    if not succeeds([sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)]):
        stop("无法建立 {0}", "could not create {0}", VENV)
    HOME_FILE.write_bytes(home())


def install(purpose: str) -> None:
    """Everything in the lock, checked by hash, and the product itself, editable; then the stamp."""
    pip = [*find_pip(), "install", "--disable-pip-version-check", "--no-input"]
    pip += [] if sys.stderr.isatty() else ["--quiet"]
    pip += wheel_folder(os.environ.get("JIESUAN_WHEELS", ""))
    os.environ["PIP_USER"] = "0"  # Where installing for one user is the habit, it would fail here.
    # Installing for the tests covers the run too, since the dev lock contains the run lock.
    stamps = [stamp_of(one) for one in LOCKS if one in ("run", purpose)]
    for stamp in stamps:
        stamp.unlink(missing_ok=True)
    say("安装依赖, 首次需数分钟", "installing dependencies; the first time takes minutes")
    steps = (
        ["--require-hashes", "-r", str(LOCKS[purpose])],
        ["--no-deps", "--no-build-isolation", "-e", str(ROOT)],
    )
    for step in steps:
        if not succeeds([*pip, *step]):
            stop(
                "安装失败, 原因见上。可设 PIP_INDEX_URL 为镜像, 或设 JIESUAN_WHEELS 为离线包目录",
                "The install failed for the reason above. PIP_INDEX_URL can name a mirror, "
                "JIESUAN_WHEELS a folder of wheels",
            )
    HOME_FILE.write_bytes(home())
    for one, stamp in zip(("run", "dev"), stamps, strict=False):
        stamp.write_text(fingerprint(one), "utf-8")
    say("环境就绪", "ready")


def find_pip() -> "list[str]":
    """A command that runs pip on .venv: its own, one made on the spot, or this Python's."""
    inside = [str(PYTHON), "-m", "pip"]
    outside = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    if succeeds([*inside, "--version"], quiet=True):
        return inside
    if succeeds([str(PYTHON), "-m", "ensurepip"], quiet=True):
        return inside
    if succeeds([*outside, "--version"], quiet=True):
        return outside
    return stop(
        "缺少 pip。Debian/Ubuntu: sudo apt install python3-venv",
        "pip is missing. On Debian or Ubuntu: sudo apt install python3-venv",
    )


def wheel_folder(folder: str) -> "list[str]":
    """Options of pip for an offline folder; none when `folder` is empty."""
    if not folder:
        return []
    path = Path(folder).expanduser().resolve()
    if not path.is_dir():
        stop("JIESUAN_WHEELS 不是目录: {0}", "JIESUAN_WHEELS is not a folder: {0}", path)
    return ["--no-index", "--find-links", str(path)]


@contextmanager
def one_launcher_at_a_time() -> "Iterator[None]":
    """Only one launcher changes .venv; a second one waits here. Windows has no such lock."""
    if sys.platform == "win32":
        yield
        return
    import fcntl  # noqa: PLC0415 - Windows lacks it.

    with GUARD.open("ab") as guard:
        # pip inherits the lock: should this launcher be killed, the next waits for pip to end.
        os.set_inheritable(guard.fileno(), True)  # noqa: FBT003 - It takes no keyword.
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("另一进程正在安装, 等待中", "another launcher is installing; waiting")
            fcntl.flock(guard, fcntl.LOCK_EX)
        yield


def succeeds(command: "list[str]", *, quiet: bool = False) -> bool:
    """Whether `command` ended well. What it prints goes to standard error, or nowhere."""
    output = subprocess.DEVNULL if quiet else sys.stderr
    ended = subprocess.run(command, stdout=output, stderr=output, check=False, close_fds=False)
    return ended.returncode == 0


def hand_over(command: "list[str]") -> "NoReturn":
    """This process becomes `command`, or on Windows waits for it."""
    if os.name == "nt":
        sys.exit(subprocess.run(command, check=False).returncode)
    os.execv(command[0], command)


def say(chinese: str, english: str) -> None:
    """One line of progress on standard error; standard output is the product's."""
    sys.stderr.write(f"jiesuan: {chinese} / {english}\n")
    sys.stderr.flush()


def stop(chinese: str, english: str, *facts: object) -> "NoReturn":
    """The end of the run with exit code 1 and the reason in both languages."""
    sys.exit(f"jiesuan: {chinese.format(*facts)}\njiesuan: {english.format(*facts)}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
