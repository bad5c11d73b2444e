"""The national interface's names are translated at the edge and known nowhere else."""

import csv
import re

import pytest

from tests.architecture.repository import ROOT, files, read

FIELDS = ROOT / "engine" / "wire" / "fields.csv"
MAY_NAME_THEM = ("engine/wire/", "tests/", "api/schemas/", "docs/samples/hospital_client.py")
"""The sample is a hospital's program, which knows no other names."""
SUFFIXES = (".html", ".py", ".sql", ".yaml", ".yml")


def national_codes() -> set[str]:
    """Codes with an underscore that are not our own name too, as `rule_id` is.

    One without an underscore, such as `sex`, may be an ordinary word.
    """
    with FIELDS.open(encoding="utf-8", newline="") as rows:
        listed = [(row["code"], row["english"]) for row in csv.DictReader(rows)]
    return {code for code, english in listed if "_" in code and code != english}


def codes_in(text: str, codes: set[str]) -> set[str]:
    return codes.intersection(re.findall(r"\w+", text, re.ASCII))


@pytest.mark.parametrize(
    "name",
    [name for name in files() if name.endswith(SUFFIXES) and not name.startswith(MAY_NAME_THEM)],
)
def test_a_file_outside_wire_names_no_national_code(name: str) -> None:
    assert codes_in(read(name), national_codes()) == set()


def test_the_list_of_national_codes_is_read() -> None:
    assert {"hifp_pay", "medfee_sumamt", "psn_no"} <= national_codes()


@pytest.mark.parametrize(
    "text", ["row['psn_no']", "select psn_no from t", "支付psn_no额", "{{ claim.psn_no }}"]
)
def test_a_code_is_found_as_a_whole_word(text: str) -> None:
    assert codes_in(text, {"psn_no"}) == {"psn_no"}


@pytest.mark.parametrize("text", ["psn_note", "my_psn_no", "psn_no2", "psn no"])
def test_a_longer_name_is_not_a_code(text: str) -> None:
    assert codes_in(text, {"psn_no"}) == set()
