import hashlib
import json
from pathlib import Path

import polars as pl
import pytest

from engine.errors import ClaimError
from pipelines.steps.intake import Intake
from tests.deliveries import Delivery, rejects_of, taken, write_parquet_delivery

CLAIMS, LINES = "claims-1.csv", "lines-1.csv"


@pytest.fixture
def delivery() -> Delivery:
    """Three bills of two lines each."""
    made = Delivery()
    for number in (1, 2, 3):
        made.bill(number)
    return made


def statuses(intake: Intake) -> dict[str, str]:
    return {file.name: file.code or file.status for file in intake.files}


# --- encodings and the forms of CSV


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_csv_is_read_in_both_encodings(
    delivery: Delivery, tmp_path: Path, encoding: str, line_end: str
) -> None:
    for claim in delivery.claims:
        claim["psn_name"] = "张㐀𠮷"
    source = delivery.write(tmp_path / "input")
    text = (source / CLAIMS).read_text(encoding="utf-8")
    (source / CLAIMS).write_bytes(text.replace("\r\n", line_end).encode(encoding))
    intake = taken(tmp_path, source)
    assert statuses(intake) == {CLAIMS: "read", LINES: "read"}
    assert len(pl.read_parquet(intake.claims)) == 3


def test_text_in_no_known_encoding_refuses_the_file(delivery: Delivery, tmp_path: Path) -> None:
    source = delivery.write(tmp_path / "input")
    with (source / CLAIMS).open("ab") as file:
        file.write(b"\xff\xff\n")
    report = taken(tmp_path, source).files[0]
    assert (report.code, report.unread, report.count.claims) == ("encoding", True, 0)


def test_a_value_may_hold_line_breaks_commas_and_quotes(delivery: Delivery, tmp_path: Path) -> None:
    delivery.claims[0]["dise_name"] = 'a "b",\r\nc'
    for claim in delivery.claims[1:]:
        claim["dise_name"] = ""
    delivery.claims[1]["medfee_sumamt"] = "1e3"
    intake = taken(tmp_path, delivery.write(tmp_path / "input"))
    assert (CLAIMS, 2, "medfee_sumamt", "money_format") in rejects_of(intake)
    assert len(pl.read_parquet(intake.claims)) == 2


@pytest.mark.parametrize(
    ("tail", "code"),
    [(b"only,three,fields\n", "unreadable"), (b'"never closed\n', "unreadable")],
)
def test_a_torn_csv_is_refused(delivery: Delivery, tmp_path: Path, tail: bytes, code: str) -> None:
    source = delivery.write(tmp_path / "input")
    with (source / LINES).open("ab") as file:
        file.write(tail)
    assert statuses(taken(tmp_path, source)) == {CLAIMS: "read", LINES: code}


def test_a_header_alone_is_a_file_without_records(tmp_path: Path) -> None:
    intake = taken(tmp_path, Delivery().write(tmp_path / "input"))
    assert statuses(intake) == {CLAIMS: "read", LINES: "read"}
    assert len(pl.read_parquet(intake.claims)) == 0


def test_a_file_without_a_byte_is_refused(delivery: Delivery, tmp_path: Path) -> None:
    source = delivery.write(tmp_path / "input")
    (source / LINES).write_bytes(b"")
    assert statuses(taken(tmp_path, source))[LINES] == "empty"


# --- columns


def test_an_unknown_column_refuses_the_file_and_counts_it(
    delivery: Delivery, tmp_path: Path
) -> None:
    for claim in delivery.claims:
        claim["surprise"] = "1"
    report = taken(tmp_path, delivery.write(tmp_path / "input")).files[0]
    assert (report.code, report.detail) == ("unknown_column", "surprise")
    assert report.count.claims == 3


def test_a_mapping_file_gives_columns_their_national_names(
    delivery: Delivery, tmp_path: Path
) -> None:
    for claim in delivery.claims:
        claim["总费用"] = claim.pop("medfee_sumamt")
    delivery.claims[1]["总费用"] = "x"
    source = delivery.write(tmp_path / "input")
    mapping = {"columns": {"总费用": "medfee_sumamt"}}
    (source / "mapping.json").write_text(json.dumps(mapping), encoding="utf-8")
    assert (CLAIMS, 2, "总费用", "money_format") in rejects_of(taken(tmp_path, source))


def test_two_columns_for_one_field_refuse_the_file(delivery: Delivery, tmp_path: Path) -> None:
    for claim in delivery.claims:
        claim["total"] = claim["medfee_sumamt"]
    source = delivery.write(tmp_path / "input")
    (source / "mapping.json").write_text('{"columns": {"total": "medfee_sumamt"}}')
    assert statuses(taken(tmp_path, source))[CLAIMS] == "duplicate_column"


def test_a_missing_column_refuses_the_file(delivery: Delivery, tmp_path: Path) -> None:
    for claim in delivery.claims:
        del claim["psn_no"]
    report = taken(tmp_path, delivery.write(tmp_path / "input")).files[0]
    assert (report.code, report.detail) == ("missing_column", "psn_no")


@pytest.mark.parametrize("value", [7, 7.0])
def test_an_id_column_of_numbers_refuses_the_file(
    delivery: Delivery, tmp_path: Path, value: float
) -> None:
    for claim in delivery.claims:
        claim["psn_no"] = value
    report = taken(tmp_path, write_parquet_delivery(delivery, tmp_path / "input")).files[0]
    assert (report.code, report.count.claims) == ("id_column_type", 3)


def test_a_column_of_nulls_is_a_column_of_empty_values(delivery: Delivery, tmp_path: Path) -> None:
    for claim in delivery.claims:
        claim |= {"ref_setl_id": None, "psn_type": None, "segment": None}
    for line in delivery.lines:
        line["init_feedetl_sn"] = None
    intake = taken(tmp_path, write_parquet_delivery(delivery, tmp_path / "input"))
    assert rejects_of(intake) == []
    assert pl.read_parquet(intake.claims)["segment"].to_list() == [1, 1, 1]


def test_claims_and_lines_may_each_come_alone(delivery: Delivery, tmp_path: Path) -> None:
    for name, other in ((CLAIMS, LINES), (LINES, CLAIMS)):
        source = delivery.write(tmp_path / name / "input")
        (source / other).unlink()
        assert statuses(taken(tmp_path / name, source)) == {name: "read"}


def test_a_money_column_of_floats_rejects_each_record(delivery: Delivery, tmp_path: Path) -> None:
    for claim in delivery.claims:
        claim["medfee_sumamt"] = 12.3
    intake = taken(tmp_path, write_parquet_delivery(delivery, tmp_path / "input"))
    told = [code for file, _, _, code in rejects_of(intake) if file == "claims.parquet"]
    assert told == ["money_column_type"] * 3


# --- the same twice


def test_a_file_sent_twice_is_skipped_and_not_counted(delivery: Delivery, tmp_path: Path) -> None:
    source = delivery.write(tmp_path / "input")
    (source / "claims-2.csv").write_bytes((source / CLAIMS).read_bytes())
    intake = taken(tmp_path, source)
    assert statuses(intake) == {CLAIMS: "read", "claims-2.csv": "skipped", LINES: "read"}
    assert [file.count.claims for file in intake.files] == [3, 0, 0]


def test_a_file_of_an_earlier_night_is_skipped(delivery: Delivery, tmp_path: Path) -> None:
    source = delivery.write(tmp_path / "input")
    seen = hashlib.sha256((source / CLAIMS).read_bytes()).hexdigest()
    assert statuses(taken(tmp_path, source, seen_hashes=frozenset({seen})))[CLAIMS] == "skipped"


# --- damage


def promise(source: Path, rows: dict[str, int]) -> None:
    entries = {
        name: {"sha256": hashlib.sha256((source / name).read_bytes()).hexdigest(), "rows": count}
        for name, count in rows.items()
    }
    (source / "manifest.json").write_text(json.dumps(entries))


def test_a_delivery_that_keeps_its_manifest_is_read(delivery: Delivery, tmp_path: Path) -> None:
    source = delivery.write(tmp_path / "input")
    promise(source, {CLAIMS: 3, LINES: 6})
    assert statuses(taken(tmp_path, source)) == {CLAIMS: "read", LINES: "read"}


def test_a_file_changed_after_its_manifest_is_refused(delivery: Delivery, tmp_path: Path) -> None:
    source = delivery.write(tmp_path / "input")
    promise(source, {CLAIMS: 3, LINES: 6})
    text = (source / LINES).read_text()
    (source / LINES).write_text(text.replace("10.00", "10.01"))
    report = taken(tmp_path, source).files[1]
    assert (report.code, report.detail) == ("manifest_mismatch", "sha256")
    assert report.count.lines == 6


def test_a_file_with_fewer_records_than_promised_is_refused(
    delivery: Delivery, tmp_path: Path
) -> None:
    source = delivery.write(tmp_path / "input")
    promise(source, {CLAIMS: 3, LINES: 7})
    intake = taken(tmp_path, source)
    assert statuses(intake)[LINES] == "manifest_mismatch"
    assert len(pl.read_parquet(intake.lines)) == 0
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == [
        "claim_lines.parquet",
        "claims.parquet",
        "lines.parquet",
        "rejects.parquet",
    ]


def test_a_promised_file_that_is_not_there_is_told(delivery: Delivery, tmp_path: Path) -> None:
    source = delivery.write(tmp_path / "input")
    promise(source, {CLAIMS: 3, LINES: 6})
    (source / LINES).unlink()
    report = taken(tmp_path, source).files[1]
    assert (report.name, report.code, report.unread) == (LINES, "file_missing", True)


def test_a_flipped_bit_in_parquet_is_found(delivery: Delivery, tmp_path: Path) -> None:
    plain = {"compression": "none", "use_dictionary": False, "write_statistics": False}
    source = write_parquet_delivery(delivery, tmp_path / "input", write_page_checksum=True, **plain)
    path = source / "lines.parquet"
    damaged = bytearray(path.read_bytes())
    damaged[damaged.index(b"10.00")] ^= 1
    path.write_bytes(damaged)
    assert statuses(taken(tmp_path, source))["lines.parquet"] == "page_checksum"


def test_a_truncated_parquet_is_refused_unread(delivery: Delivery, tmp_path: Path) -> None:
    source = write_parquet_delivery(delivery, tmp_path / "input")
    path = source / "lines.parquet"
    path.write_bytes(path.read_bytes()[:-50])
    report = taken(tmp_path, source).files[1]
    assert (report.code, report.unread) == ("unreadable", True)


@pytest.mark.parametrize("text", ["[]", "{", '{"a": 1}', '{"a": {"sha256": "x"}}'])
def test_a_manifest_that_is_none_stops_the_intake(
    delivery: Delivery, tmp_path: Path, text: str
) -> None:
    source = delivery.write(tmp_path / "input")
    (source / "manifest.json").write_text(text)
    with pytest.raises(ClaimError) as caught:
        taken(tmp_path, source)
    assert caught.value.code == "bad_manifest"


def test_a_folder_without_input_stops_the_intake(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    with pytest.raises(ClaimError) as caught:
        taken(tmp_path, tmp_path / "input")
    assert caught.value.code == "nothing_to_read"
