"""An inquiry by command, from opening to handing over, with its audit records."""

import json
from pathlib import Path

from typer.testing import CliRunner

from engine.storage.audit import verify
from engine.storage.lake import Lake
from pipelines.cli import app

COMMANDS = CliRunner()


def run(lake: Path, *words: str, ends: int = 0) -> str:
    answer = COMMANDS.invoke(app, ["inquiry", *words, "--lake", str(lake)])
    assert answer.exit_code == ends, answer.output
    return answer.output.strip()


def test_an_inquiry_goes_from_a_finding_to_the_administration(tmp_path: Path) -> None:
    lake, file = tmp_path / "lake", tmp_path / "inquiry.yaml"
    file.write_text(
        "subject_kind: provider\nsubject: H1\nregion: '360100'\nclass: breach\n"
        "findings: [duplicate_settlement S1]\n",
        encoding="utf-8",
    )
    case = run(lake, "open", str(file), "--by", "an")
    raising = ("raise", case, "--to", "suspected_fraud", "--clause", "40", "--reason", "x")
    assert "[no_purpose]" in run(lake, *raising, "--by", "an", ends=20)
    run(
        lake, "purpose", case, "--fact", "settled_again", "--acted-on", "2026-04-09",
        "--original", "payment_record", "--by", "bo",
    )  # fmt: skip
    run(lake, *raising, "--by", "an")
    run(lake, "hear", case, "--statement", "a slip", "--by", "an")
    run(lake, "transfer", case, "--receipt", "no. 5", "--by", "cai")
    shown = json.loads(run(lake, "show", case, "--json"))
    assert shown["decides"] == "administration"
    assert [one["event"] for one in shown["events"]] == [
        "opened", "purpose_recorded", "raised", "heard", "transferred",
    ]  # fmt: skip
    opened = Lake(lake)
    with opened.database.reading() as connection:
        assert verify(connection).first_bad is None
    opened.database.close()


def test_the_book_is_told_with_its_articles() -> None:
    told = COMMANDS.invoke(app, ["inquiry", "facts"]).output
    assert "第五十五条" in told
    assert "2026-04-01" in told


def test_a_file_of_another_form_opens_nothing(tmp_path: Path) -> None:
    file = tmp_path / "inquiry.yaml"
    file.write_text("subject: H1\n", encoding="utf-8")
    assert "[inquiry_format]" in run(tmp_path / "lake", "open", str(file), "--by", "an", ends=20)
