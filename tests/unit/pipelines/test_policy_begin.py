"""A begun policy file: refused while blanks are left, accepted when they are filled."""

import datetime
import re
from pathlib import Path

import pytest

from engine.errors import PolicyError
from engine.policy.book import load_book
from pipelines.policy.begin import begin
from pipelines.policy.check import check

TODAY = datetime.date(2024, 6, 1)
BLANK = re.compile(r"^(?P<key>[ -]*(?P<name>\w+):) *# 填：.*$", re.MULTILINE)
FILLED = {
    "source": "{title: 某市医保待遇通知, url: 某医保〔2024〕1 号}",
    "from": "2024-01-01",
    "reviewed_until": "2024-12-31",
    "amount": '"20000.00"',
}


def filled(text: str) -> str:
    """Fill every blank; under `amount` and `rate` stand those of the levels."""

    def fill(match: re.Match[str]) -> str:
        above = text[: match.start()].rstrip().rsplit("rate:", 1)[-1]
        by_level = '"400.00"' if "amount:" in above else "60%"
        return f"{match['key']} {FILLED.get(match['name'], by_level)}"

    return BLANK.sub(fill, text)


@pytest.mark.parametrize(
    "scheme", ["employee", "resident", "civil_servant", "assistance", "serious_illness"]
)
def test_a_begun_file_passes_the_check_when_its_blanks_are_filled(
    tmp_path: Path, scheme: str
) -> None:
    path = begin(tmp_path, ("990000", scheme), "试点市")
    path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert [one.en for one in check(tmp_path, TODAY).findings if one.level == "error"] == []
    (found,) = load_book(tmp_path).schemes
    assert (found.key, found.file.name) == (("990000", scheme), "试点市")


def test_each_blank_is_refused_until_it_is_filled(tmp_path: Path) -> None:
    path = begin(tmp_path, ("990000", "employee"), "试点市")
    begun = path.read_text(encoding="utf-8")
    whole = filled(begun)
    blanks = list(BLANK.finditer(begun))
    assert len(blanks) >= 15
    for blank in blanks:
        line = begun[: blank.start()].count("\n")
        lines = whole.splitlines(keepends=True)
        lines[line] = blank["key"] + "\n"
        path.write_text("".join(lines), encoding="utf-8")
        assert check(tmp_path, TODAY).count("error") == 1, blank["key"]


def test_a_name_is_kept_whatever_it_holds(tmp_path: Path) -> None:
    path = begin(tmp_path, ("990000", "employee"), '试点"市\\: #')
    path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert load_book(tmp_path).schemes[0].file.name == '试点"市\\: #'


def test_an_existing_file_is_left_as_it_is(tmp_path: Path) -> None:
    path = begin(tmp_path, ("990000", "employee"), "试点市")
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        begin(tmp_path, ("990000", "employee"), "试点市")
    assert caught.value.code == "file_exists"
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("key", "code"), [(("99", "employee"), "region"), (("990000", "workers"), "scheme")]
)
def test_a_wrong_region_or_scheme_is_refused(
    tmp_path: Path, key: tuple[str, str], code: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        begin(tmp_path, key, "试点市")
    assert caught.value.code == code
    assert list(tmp_path.iterdir()) == []
