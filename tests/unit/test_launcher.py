"""The launcher's decisions, with every command it would start recorded instead."""

import subprocess
import sys
from pathlib import Path

import pytest

import jiesuan


class Machine:
    """Stands for the commands that the launcher starts: records them, fails those it is told to."""

    def __init__(self) -> None:
        self.started: list[list[str]] = []
        self.failing: set[str] = set()

    def succeeds(self, command: list[str], *, quiet: bool = False) -> bool:
        if not quiet:
            self.started.append(command)
        if "venv" in command:
            self.make_environment()
        return self.failing.isdisjoint(command)

    def make_environment(self) -> None:
        jiesuan.BIN.mkdir(parents=True, exist_ok=True)
        jiesuan.PYTHON.unlink(missing_ok=True)
        jiesuan.PYTHON.symlink_to(sys.executable)
        jiesuan.COMMAND.touch(mode=0o755)
        (jiesuan.VENV / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).parent}\n")

    def installed(self) -> list[str]:
        """Names of the locks that were installed."""
        return [Path(command[-1]).name for command in self.started if "--require-hashes" in command]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    root = tmp_path / "结算 checkout"
    root.mkdir()
    for name in ("pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        (root / name).write_text(name)
    monkeypatch.setenv("PIP_USER", "0")
    monkeypatch.delenv("JIESUAN_WHEELS", raising=False)
    venv = root / ".venv"
    places = {
        "ROOT": root,
        "VENV": venv,
        "BIN": venv / "bin",
        "PYTHON": venv / "bin" / "python",
        "COMMAND": venv / "bin" / "jiesuan",
        "HOME_FILE": venv / "jiesuan-home",
        "GUARD": root / ".venv.lock",
        "LOCKS": {"run": root / "requirements.lock", "dev": root / "requirements-dev.lock"},
    }
    for name, place in places.items():
        monkeypatch.setattr(jiesuan, name, place)
    machine = Machine()
    monkeypatch.setattr(jiesuan, "succeeds", machine.succeeds)
    return machine


def test_the_first_run_makes_the_environment_and_installs_the_run_lock(machine: Machine) -> None:
    jiesuan.make_ready("run")
    assert "--without-pip" in machine.started[0]
    assert machine.installed() == ["requirements.lock"]
    assert machine.started[-1][-2:] == ["-e", str(jiesuan.ROOT)]


def test_the_second_run_starts_nothing(machine: Machine) -> None:
    jiesuan.make_ready("run")
    machine.started.clear()
    jiesuan.make_ready("run")
    assert machine.started == []


def test_installing_for_the_tests_covers_the_run(machine: Machine) -> None:
    jiesuan.make_ready("dev")
    jiesuan.make_ready("run")
    assert machine.installed() == ["requirements-dev.lock"]


def test_the_tests_add_their_lock_to_the_same_environment(machine: Machine) -> None:
    jiesuan.make_ready("run")
    machine.started.clear()
    jiesuan.make_ready("dev")
    assert machine.installed() == ["requirements-dev.lock"]
    assert not any("venv" in command for command in machine.started)


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_a_changed_file_is_installed_again(machine: Machine, name: str) -> None:
    jiesuan.make_ready("run")
    (jiesuan.ROOT / name).write_text("changed")
    jiesuan.make_ready("run")
    assert machine.installed() == ["requirements.lock"] * 2


def test_an_install_that_failed_is_done_again_even_when_the_lock_goes_back(
    machine: Machine,
) -> None:
    jiesuan.make_ready("run")
    before = jiesuan.LOCKS["run"].read_text()
    jiesuan.LOCKS["run"].write_text("changed")
    machine.failing = {"--require-hashes"}
    with pytest.raises(SystemExit, match="JIESUAN_WHEELS"):
        jiesuan.make_ready("run")
    jiesuan.LOCKS["run"].write_text(before)
    assert not jiesuan.is_ready("run")


def test_an_environment_without_a_working_python_is_made_anew(machine: Machine) -> None:
    jiesuan.make_ready("run")
    jiesuan.PYTHON.unlink()
    machine.started.clear()
    jiesuan.make_ready("run")
    assert "venv" in machine.started[0]


@pytest.mark.usefixtures("machine")
def test_an_environment_copied_from_elsewhere_is_not_used() -> None:
    jiesuan.make_ready("run")
    jiesuan.HOME_FILE.write_bytes(b"3.11 /elsewhere")
    assert not jiesuan.is_usable()


def test_an_environment_somebody_else_made_here_is_kept(machine: Machine) -> None:
    machine.make_environment()
    jiesuan.make_ready("run")
    assert not any("venv" in command for command in machine.started)


def test_without_ensurepip_the_pip_of_the_calling_python_installs(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = str(jiesuan.PYTHON)

    def only_outside(command: list[str], *, quiet: bool = False) -> bool:
        return machine.succeeds(command, quiet=quiet) and command[0] != inside

    monkeypatch.setattr(jiesuan, "succeeds", only_outside)
    assert jiesuan.find_pip() == [sys.executable, "-m", "pip", "--python", inside]


def test_without_any_pip_the_missing_package_is_named(machine: Machine) -> None:
    machine.failing = {"pip", "ensurepip"}
    with pytest.raises(SystemExit, match="python3-venv"):
        jiesuan.find_pip()


def test_a_folder_of_wheels_replaces_the_index(tmp_path: Path) -> None:
    assert jiesuan.wheel_folder("") == []
    assert jiesuan.wheel_folder(str(tmp_path)) == ["--no-index", "--find-links", str(tmp_path)]


def test_a_folder_of_wheels_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="not a folder"):
        jiesuan.wheel_folder(str(tmp_path / "none"))


def test_an_old_python_is_refused_in_both_languages() -> None:
    with pytest.raises(
        SystemExit, match=r"需要 Python 3\.11.*3\.10[\s\S]*is needed; this is 3\.10"
    ):
        jiesuan.refuse_an_old_python((3, 10))


def test_the_oldest_python_allowed_is_not_refused() -> None:
    jiesuan.refuse_an_old_python((3, 11))


def test_what_a_command_prints_stays_off_standard_output(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", sys.__stderr__)
    assert jiesuan.succeeds([sys.executable, "-c", "print('progress')"])
    printed = capfd.readouterr()
    assert (printed.out, printed.err.strip()) == ("", "progress")


@pytest.mark.usefixtures("machine")
def test_a_second_launcher_waits_until_the_first_is_done() -> None:
    second = (
        "import jiesuan, pathlib, sys; jiesuan.GUARD = pathlib.Path(sys.argv[1])\n"
        "with jiesuan.one_launcher_at_a_time(): print('in')"
    )
    with jiesuan.one_launcher_at_a_time():
        process = subprocess.Popen(
            [sys.executable, "-c", second, str(jiesuan.GUARD)],
            cwd=Path(jiesuan.__file__).parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
    printed, progress = process.communicate(timeout=20)
    assert printed.strip() == "in"
    assert "waiting" in progress
