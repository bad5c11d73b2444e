"""`jiesuan rules import` on workbooks in the shapes that the national batches are published in."""

import csv
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from engine.storage.knowledge import current_points
from pipelines.findings.knowledge import import_workbook

ROOT = Path(__file__).parents[2]
Rows = list[list[str | int]]

SEX_HEAD: list[str | int] = [
    "序号", "药品通用名", "是否为2024年医保目录内药品", "限定性别", "检出逻辑",
    "逻辑依据（药品说明书适应症）", "知识点对应药品代码数量",
]  # fmt: skip
CODE_HEAD: list[str | int] = ["对应知识点序号", "药品通用名", "序号", "药品代码"]
PAIR_HEAD: list[str | int] = [
    "序号", "时间区间", "医疗服务项目A名称",
    "医疗服务项目A代码供参考（国家医保局全国医疗服务项目）", "医疗服务项目B名称",
    "医疗服务项目B代码供参考（国家医保局全国医疗服务项目）", "检出逻辑", "逻辑依据", "备注",
]  # fmt: skip


def written(path: Path, sheets: dict[str, Rows]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return path


def imported(path: Path, lake: Path) -> dict[str, Any]:
    told = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "rules", "import", path, "--json"],
        cwd=ROOT,
        env=os.environ | {"JIESUAN_LAKE": str(lake)},
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(told.stdout)
    return answer


def test_points_and_their_codes_are_joined_under_any_banner(tmp_path: Path) -> None:
    path = written(
        tmp_path / "第一批.xlsx",
        {
            "知识点": [
                ["附件1"],
                ["“药品区分性别使用”规则知识点"],
                ["", "说明：以下为知识点"],
                SEX_HEAD,
                [1, "甲药", "是", "女", "男性患者使用时检出", "用于子宫肌瘤", 2],
                [2, "乙药", "是", "男", "女性患者使用时检出", "用于前列腺增生", 1],
                [3, "丙药", "是", "不限", "", "", 1],
                [4, "丁药", "是", "女", "男性患者使用时检出", "", 1],
            ],
            "代码": [
                ["药品代码"],
                CODE_HEAD,
                [1, "甲药", 1, "XG01A"],
                [1, "甲药", 2, "XG01B"],
                [2, "乙药", 1, "XG04A"],
                [3, "丙药", 1, "XG09A"],
                [9, "戊药", 1, "XG99A"],
            ],
        },
    )
    told = imported(path, tmp_path / "lake")
    assert told["taken"] == 2
    assert [(one["sheet"], one["row"]) for one in told["refused"]] == [
        ("知识点", 7),  # no sex
        ("知识点", 8),  # no code
        ("代码", 6),  # its point fell
        ("代码", 7),  # of no point
    ]
    assert all(" | " in one["reason"] for one in told["refused"])
    held = current_points(tmp_path / "lake").sort("number")
    assert held["codes"].to_list() == [["XG01A", "XG01B"], ["XG04A"]]
    assert held["low"].to_list() == [2, 1]
    assert held["kind"].to_list() == ["sex", "sex"]
    assert held["row"].to_list() == [5, 6]


def test_another_number_of_codes_than_told_is_taken_and_told(tmp_path: Path) -> None:
    rows: Rows = [SEX_HEAD, [1, "甲药", "是", "女", "", "", 5]]
    codes: Rows = [CODE_HEAD, [1, "甲药", 1, "XG01A"]]
    path = written(tmp_path / "药品区分性别使用.xlsx", {"一": rows, "二": codes})
    told = imported(path, tmp_path / "lake")
    assert (told["taken"], told["refused"]) == (1, [])
    assert [(one["sheet"], one["row"]) for one in told["doubtful"]] == [("一", 2)]


def test_pairs_carry_both_codes_and_a_window(tmp_path: Path) -> None:
    path = written(
        tmp_path / "第七批.xlsx",
        {"医疗服务项目重复收费": [
            ["附件"], PAIR_HEAD,
            [1, "同一天", "甲项", "0031A", "乙项", "0031B", "同时收取", "内涵含乙项", ""],
        ]},
    )  # fmt: skip
    assert imported(path, tmp_path / "lake")["taken"] == 1
    (held,) = current_points(tmp_path / "lake").rows(named=True)
    assert (held["kind"], held["codes"], held["others"], held["unit"]) == (
        "pair", ["0031A"], ["0031B"], "day",
    )  # fmt: skip


def test_a_sheet_of_no_known_kind_or_without_a_header_is_refused_whole(tmp_path: Path) -> None:
    path = written(
        tmp_path / "杂.xlsx",
        {"目录": [["第一批知识点目录"]], "天气": [["序号", "城市"], [1, "西安"]], "空": []},
    )
    told = imported(path, tmp_path / "lake")
    assert told["taken"] == 0
    assert told["version"] is None
    assert [(one["sheet"], one["row"]) for one in told["refused"]] == [("目录", 0), ("天气", 0)]


def test_the_newest_import_of_a_workbook_holds_and_the_same_again_is_the_same(
    tmp_path: Path,
) -> None:
    lake, path = tmp_path / "lake", tmp_path / "药品区分性别使用.xlsx"
    codes: Rows = [CODE_HEAD, [1, "甲药", 1, "XG01A"]]
    versions = []
    for sex in ("女", "女", "男"):
        written(path, {"一": [SEX_HEAD, [1, "甲药", "是", sex, "", "", 1]], "二": codes})
        versions.append(import_workbook(path, lake).version)
    assert versions[0] == versions[1] != versions[2]
    assert len(list((lake / "knowledge").iterdir())) == 2
    assert current_points(lake)["low"].to_list() == [1]


@pytest.mark.parametrize("spoiled", ["macros", "bomb", "text"])
def test_a_file_that_is_no_plain_workbook_is_refused(tmp_path: Path, spoiled: str) -> None:
    path = written(tmp_path / "x.xlsx", {"一": [SEX_HEAD]})
    if spoiled == "text":
        path.write_text("序号")
    else:
        name, size = ("xl/vbaProject.bin", 1) if spoiled == "macros" else ("bomb", 64 * 2**20)
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, b"\0" * size)
    told = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "rules", "import", path],
        cwd=ROOT, env=os.environ | {"JIESUAN_LAKE": str(tmp_path / "lake")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode != 0
    assert "[workbook_refused]" in told.stderr


def published() -> list[dict[str, str]]:
    folder = os.environ.get("JIESUAN_DATA")
    if folder is None or not Path(folder, "nhsa_rule_batches.csv").exists():
        pytest.skip("JIESUAN_DATA holds no nhsa_rule_batches.csv")
    with Path(folder, "nhsa_rule_batches.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


CELLS: dict[str, str | int] = {
    "限定性别": "女", "时间区间": "同一天", "单日上限数量": 2, "频次上限": 2, "周期（天）": 7,
    "检出逻辑": "限二级及以上医疗机构住院使用，年龄12岁以下，支付不超过14天",
    "知识点对应药品代码数量": 1,
}  # fmt: skip


def filled(head: str) -> str | int:
    """A readable cell for a published column; the one sentence serves every kind of limit."""
    if head in CELLS:
        return CELLS[head]
    if head in {"序号", "对应知识点序号"}:
        return 1
    return "X1" if "代码" in head else "甲"


def test_every_published_sheet_shape_is_taken(tmp_path: Path) -> None:
    sheets = [row for row in published() if row["sheet_kind"] == "knowledge_points"]
    codes = {row["rule_name"]: row for row in published() if row["sheet_kind"] == "codes"}
    assert len(sheets) > 20
    for at, row in enumerate(sheets):
        name = row["rule_name"]
        pages: dict[str, Rows] = {}
        for title, of in (("知识点", row), ("代码", codes.get(name))):
            if of is not None:
                heads: list[str | int] = [*of["columns"].split("|")]
                banner: Rows = [[name]] * (int(of["header_row"]) - 1)
                pages[title] = [*banner, heads, [filled(str(head)) for head in heads]]
        path = written(tmp_path / f"{at}.xlsx", pages)
        taken = import_workbook(path, tmp_path / f"lake{at}").taken
        assert (len(taken.points), taken.refused) == (1, []), name
