import re
from dataclasses import fields
from importlib.resources import files

import pytest
import yaml

from engine.claims.codes import Code, Kind, Reason, reasons
from engine.claims.columns import Status

CHINESE = re.compile("[\u4e00-\u9fff]")


def stored() -> dict[str, dict[str, str]]:
    text = files("engine.claims").joinpath("reject_codes.yaml").read_text(encoding="utf-8")
    entries: dict[str, dict[str, str]] = yaml.safe_load(text)
    return entries


def test_every_code_has_an_entry_and_every_entry_a_code() -> None:
    assert list(stored()) == [code.value for code in Code]


@pytest.mark.parametrize("name", [field.name for field in fields(Reason) if field.name != "code"])
def test_every_entry_says_all_that_it_must(name: str) -> None:
    assert [code for code, entry in stored().items() if not entry.get(name, "").strip()] == []


@pytest.mark.parametrize("code", list(Code))
def test_each_text_is_in_its_language(code: Code) -> None:
    reason = reasons()[code]
    assert CHINESE.search(reason.zh)
    assert CHINESE.search(reason.do_zh)
    assert not CHINESE.search(reason.en + reason.do_en)


def test_no_two_codes_say_the_same() -> None:
    assert len({reason.en for reason in reasons().values()}) == len(Code)
    assert len({reason.zh for reason in reasons().values()}) == len(Code)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.SETTLED])
def test_what_the_settlement_refuses_has_a_code_of_a_record(status: Status) -> None:
    assert reasons()[Code[status.name]].kind in (Kind.REJECT, Kind.PENDING)
