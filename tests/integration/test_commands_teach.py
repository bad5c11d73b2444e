"""What the command line says to its users: an example for each command, and what was wrong."""

import shlex
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from pipelines.cli import app, main
from pipelines.commands.examples import EXAMPLES

FOLDERS = ("in/", "ref/", "policies/", "draft/")
FILES = (".yaml", ".json", ".csv", ".xlsx", ".parquet")


COMMAND = typer.main.get_command(app)


def found(path: Iterable[str]) -> Any:
    command: Any = COMMAND
    for name in path:
        command = command.commands[name]
    return command


def leaves(path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    below = getattr(found(path), "commands", None)
    if below is None:
        yield path
    for name in below or ():
        yield from leaves((*path, name))


def refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> str:
    monkeypatch.setattr(sys, "argv", ["jiesuan", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_every_command_has_one_example() -> None:
    commands = list(leaves())
    named = [
        path for line in EXAMPLES for path in commands if path == tuple(line.split()[: len(path)])
    ]
    assert sorted(named) == sorted(commands)


@pytest.mark.parametrize("path", list(leaves()), ids=" ".join)
def test_the_help_of_a_command_ends_with_its_example(path: tuple[str, ...]) -> None:
    command = found(path)
    told = command.get_help(command.make_context("jiesuan", [], resilient_parsing=True))
    assert told.rstrip().splitlines()[-1].strip().startswith(f"jiesuan {' '.join(path)}")


@pytest.mark.parametrize("line", EXAMPLES)
def test_an_example_is_taken_as_it_stands(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = shlex.split(line)
    for word in words:
        if word in FOLDERS:
            (tmp_path / word).mkdir()
        elif word.endswith(FILES):
            (tmp_path / word).parent.mkdir(exist_ok=True)
            (tmp_path / word).touch()
    monkeypatch.chdir(tmp_path)
    command: Any = COMMAND
    while below := getattr(command, "commands", None):
        command = below[words.pop(0)]
    command.make_context("jiesuan", words)  # raises where an option is unknown, missing or wrong


@pytest.mark.parametrize(
    ("arguments", "chinese"),
    [
        (["settle", "nowhere.yaml"], "文件 nowhere.yaml 不存在；请核对路径"),
        (["settle", "."], ". 是文件夹；这里要一个文件"),
        (["settle"], "缺少 'case'；请补上"),
        (["settle", "--what"], "没有选项 --what；请核对拼写"),
        (["setle"], "没有命令 setle；请核对拼写"),
        (["night", "--date", "2024-02-30"], "2024-02-30 不是日期；请写成如 2024-03-31"),
        (["night", "--date"], "选项 '--date' 之后缺少内容；请补上"),
        (["payments", "state", "medical/1", "--month", "3月"], "3月 不是月份；请写成如 2024-03"),
        (["policy", "show", "1", "employee", "--lang", "fr"], "请用 'zh', 'en' 之一"),
        (["inquiry", "facts", "all"], "多出 all；含空格的内容请加引号"),
        (["make-city", "city", "--claims", "1,000"], "不是数字；请写半角数字，不带逗号"),
        (["explain", "x", "--json=1"], "选项 '--json' 之后不带内容；请去掉"),
    ],
)
def test_wrong_usage_is_told_in_chinese_first(
    arguments: list[str],
    chinese: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = refused(monkeypatch, capsys, *arguments).splitlines()[0]
    assert first.startswith("[wrong_usage] ")
    assert chinese in first


def test_wrong_usage_names_the_form_and_the_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused(monkeypatch, capsys, "settle", "nowhere.yaml")
    assert "file 'nowhere.yaml' does not exist" in told
    assert "settle --help" in told.splitlines()[-1]


def test_a_case_in_another_encoding_says_to_save_it_as_utf8(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = tmp_path / "case.yaml"
    case.write_bytes("name: 西安".encode("gbk"))
    assert "请另存为 UTF-8" in refused(monkeypatch, capsys, "settle", str(case))
