import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from api.app import STATIC
from api.console.page import average, per_mille, percent, yuan
from tests.http_client import AMOUNTS, TestClient, client_of, night_summary, service

HOSTILE = "<script>alert(1)</script>\"'><svg onload=alert(2)>"
VENDOR = STATIC / "vendor"


class Tags(HTMLParser):
    """The elements and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())


def page(language: str = "zh", **changes: Any) -> str:
    answer = client_of(service(night_summary(**changes))).get("/", params={"lang": language})
    assert answer.status_code == 200
    text: str = answer.text
    return text


def test_the_page_shows_the_night_in_chinese() -> None:
    words = Tags(page()).words
    assert {"2026-11-22", "统筹基金", "西安市", "第一医院", "重复结算", "读入"} <= set(words)


def test_the_page_shows_the_night_in_english() -> None:
    words = Tags(page("en")).words
    assert {"2026-11-22", "Pooled fund", "Settled twice", "Intake"} <= set(words)


def test_amounts_are_in_yuan_with_separators() -> None:
    assert "1,234,567.89" in Tags(page()).words


def test_codes_are_explained_in_words() -> None:
    assert "结算日期属于已公布的结算夜。" in Tags(page(by_code={"late": 2})).words


def test_a_code_that_is_not_in_the_list_is_shown_as_it_is() -> None:
    words = Tags(page(by_code={"brand_new": 2})).words
    assert {"brand_new", "代码表中没有此代码"} <= set(words)


def test_counts_that_do_not_add_up_raise_the_alarm() -> None:
    assert 'role="alert"' in page(pending={"claims": 2, "lines": 6})
    assert 'role="alert"' not in page()


def test_hostile_names_stay_text() -> None:
    totals = night_summary()["totals"]
    totals["by_institution"] = [{"institution": HOSTILE, "name": HOSTILE, **AMOUNTS}]
    totals["by_region"] = [{"region": HOSTILE, "name": HOSTILE, **AMOUNTS}]
    (finding,) = night_summary()["findings"]
    finding |= {"rule_id": HOSTILE, "level": HOSTILE, "label_zh": HOSTILE}
    shown = Tags(page(totals=totals, findings=[finding], by_code={HOSTILE: 1}))
    assert HOSTILE in "".join(shown.words)
    assert not [tag for tag, _ in shown.elements if tag == "script"]
    assert not [name for _, names in shown.elements for name in names if name.startswith("on")]


def test_a_kind_that_has_drifted_is_said_to_list_nobody() -> None:
    (told,) = night_summary()["leads"]
    words = Tags(page(leads=[told | {"status": "drifted", "leads": 0, "by_chance": 0}])).words
    assert "与参照差异过大，不列名单" in words
    assert "12,345.67" in Tags(page()).words


def test_only_the_twenty_largest_institutions_are_listed() -> None:
    totals = night_summary()["totals"]
    totals["by_institution"] = [
        {"institution": f"H{k:011d}", "name": f"医院{k}", **AMOUNTS} for k in range(30)
    ]
    words = Tags(page(totals=totals)).words
    assert "医院19" in words
    assert "医院20" not in words


def test_a_night_without_claims_is_shown() -> None:
    nothing = {"claims": 0, "lines": 0}
    changes: dict[str, Any] = dict.fromkeys(("input", "settled", "rejected", "pending"), nothing)
    changes["totals"] = {"by_fund": {}, "by_region": [], "by_institution": []}
    assert "没有审核线索" in page(by_code={}, findings=[], **changes)


def test_the_part_of_institutions_is_shown_where_there_is_one() -> None:
    totals = night_summary()["totals"]
    totals["by_region"][0]["total_fen"] += 12_300
    assert "医疗机构承担 123.00" in Tags(page(totals=totals)).words


@pytest.mark.parametrize("language", ["zh", "en"])
def test_before_the_first_night_the_page_says_what_to_run(language: str) -> None:
    answer = client_of(service(None)).get("/", params={"lang": language})
    assert answer.status_code == 200
    assert "jiesuan night --date" in answer.text


@pytest.mark.parametrize("address", ["/", "/?lang=en", "/docs"])
@pytest.mark.parametrize("night", [None, night_summary()], ids=["empty", "night"])
def test_a_page_has_no_inline_style_or_script_and_no_foreign_address(
    address: str, night: dict[str, Any] | None
) -> None:
    text = client_of(service(night)).get(address).text
    for tag, attributes in Tags(text).elements:
        assert tag != "style"
        assert tag != "script" or attributes.get("src")
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
    assert not re.search(r"(https?:)?//", text)


@pytest.mark.parametrize("address", ["/", "/docs"])
def test_every_file_that_a_page_asks_for_is_there(address: str) -> None:
    client: TestClient = client_of(service(night_summary()))
    wanted = [
        attributes.get("src") or attributes.get("href")
        for tag, attributes in Tags(client.get(address).text).elements
        if tag in {"link", "script"}
    ]
    assert len(wanted) >= 2
    assert {client.get(f"/{name}").status_code for name in wanted} == {200}


def test_the_documentation_asks_nobody_outside_to_validate_it() -> None:
    script = (STATIC / "docs.js").read_text(encoding="utf-8")
    assert "validatorUrl: null" in script
    assert "://" not in script


def test_every_field_of_the_page_is_reached_by_the_keyboard() -> None:
    elements = Tags(page()).elements
    assert ("a", {"class": "skip", "href": "#main"}) in elements
    frames = [names for _, names in elements if names.get("class") == "frame"]
    assert frames
    assert all(names["tabindex"] == "0" and names["aria-labelledby"] for names in frames)


def test_vendored_files_are_those_of_the_manifest() -> None:
    manifest = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))
    recorded = {row["file"]: row["sha256"] for row in manifest}
    present = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert present == recorded
    assert all(row["name"] and row["version"] and row["licence"] for row in manifest)


@pytest.mark.parametrize(
    ("fen", "text"),
    [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (-123_456_789, "-1,234,567.89"), (100, "1.00")],
)
def test_yuan_is_exact(fen: int, text: str) -> None:
    assert yuan(fen) == text


def test_a_share_is_rounded_half_up_and_a_dash_without_a_whole() -> None:
    assert (percent(1, 3), percent(2, 3), percent(-1, 8)) == ("33.33%", "66.67%", "-12.50%")
    assert percent(1, 0) == average(1, 0) == "–"


def test_a_bar_stays_inside_its_track() -> None:
    assert [per_mille(part, 8) for part in (-1, 0, 1, 8, 9)] == [0, 0, 125, 1000, 1000]
