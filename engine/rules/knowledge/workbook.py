"""Takes the knowledge points of a workbook, and says of every other row why it was not taken."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.rules.knowledge.kinds import Kind, kind_of
from engine.rules.knowledge.points import Point, Refused
from engine.rules.knowledge.readers import READERS, Cells, UnreadableError, codes_in, whole_number
from engine.rules.knowledge.sheets import CODE_OWNER, POINT_NUMBER, Grid, Sheet, read_sheet

LOGIC, GROUND, COUNT = "检出逻辑", "逻辑依据", "知识点对应药品代码数量"
NAME_ENDS = ("通用名", "项目名称", "项目A名称", "饮片名称")
WHOLE_SHEET = 0


@dataclass
class Taken:
    """What came of a workbook: the points taken, the rows refused, and what to look at twice."""

    points: list[Point] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    doubtful: list[Refused] = field(default_factory=list)


def take_workbook(name: str, grids: Mapping[str, Grid]) -> Taken:
    """Return the points of a workbook's sheets.

    Codes in a sheet of their own are joined to the points of their number: those of the sheet of
    the same kind, else of the last points sheet before them.

    Args:
        name: of the workbook; it may tell the kind where the sheets do not.
        grids: cells by name of sheet, in the workbook's order.
    """
    taken = Taken()
    sheets = _sheets(name, grids, taken)
    points = [(sheet, kind) for sheet, kind in sheets if not sheet.holds_codes]
    owners: defaultdict[str, list[Sheet]] = defaultdict(list)
    last = ""
    for sheet, kind in sheets:
        if not sheet.holds_codes:
            last = sheet.name
            continue
        same = [other.name for other, its in points if its is kind and _told(sheet, kind)]
        owners[same[0] if len(same) == 1 else last].append(sheet)
    for sheet in owners.pop("", []):
        reason = "代码表没有对应的知识点表 | codes without a sheet of points"
        taken.refused.append(Refused(sheet.name, WHOLE_SHEET, reason))
    for sheet, kind in points:
        _take_sheet(sheet, kind, owners[sheet.name], taken)
    return taken


def _told(sheet: Sheet, kind: Kind) -> bool:
    """Return whether a sheet of codes tells its kind by itself."""
    return kind_of((sheet.name, *sheet.banner), ()) is kind


def _sheets(name: str, grids: Mapping[str, Grid], taken: Taken) -> list[tuple[Sheet, Kind]]:
    known: list[tuple[Sheet, Kind]] = []
    for title, grid in grids.items():
        if not any(text for row in grid for text in row):
            continue
        sheet = read_sheet(title, grid)
        if sheet is None:
            reason = "没有找到含“序号”的表头 | no header with a number column was found"
            taken.refused.append(Refused(title, WHOLE_SHEET, reason))
            continue
        kind = kind_of((title, *sheet.banner, name), sheet.heads)
        if kind is None and sheet.holds_codes and known:
            kind = known[-1][1]
        if kind is None:
            reason = (
                "不知道是哪一类规则；表名、标题与表头都没有说明 | the kind of rule is not known"
            )
            taken.refused.append(Refused(title, WHOLE_SHEET, reason))
            continue
        known.append((sheet, kind))
    return known


def _take_sheet(sheet: Sheet, kind: Kind, code_sheets: Sequence[Sheet], taken: Taken) -> None:
    codes = _codes_by_number(code_sheets, taken)
    seen: set[int] = set()
    for row, cells in sheet.records:
        try:
            point = _point(sheet, kind, row, cells, codes)
        except UnreadableError as error:
            taken.refused.append(Refused(sheet.name, row, str(error)))
            continue
        if point.number in seen:
            reason = f"序号 {point.number} 重复 | the number stands twice"
            taken.refused.append(Refused(sheet.name, row, reason))
            continue
        seen.add(point.number)
        taken.points.append(point)
        _doubt(point, cells, taken)
    for number in sorted(set(codes) - seen):
        for code_sheet, row, _code in codes[number]:
            reason = f"没有序号为 {number} 的知识点 | its point was not taken or is not there"
            taken.refused.append(Refused(code_sheet, row, reason))


def _codes_by_number(
    sheets: Sequence[Sheet], taken: Taken
) -> dict[int, list[tuple[str, int, str]]]:
    """Return (sheet, row, code) by the number of the point that owns the code."""
    found: defaultdict[int, list[tuple[str, int, str]]] = defaultdict(list)
    for sheet in sheets:
        for row, cells in sheet.records:
            try:
                owner = whole_number(cells.get(CODE_OWNER, ""), CODE_OWNER)
                codes = _listed(codes_in(_cell(cells, "代码")))
            except UnreadableError as error:
                taken.refused.append(Refused(sheet.name, row, str(error)))
                continue
            found[owner].extend((sheet.name, row, code) for code in codes)
    return found


def _point(
    sheet: Sheet,
    kind: Kind,
    row: int,
    cells: Cells,
    codes: Mapping[int, list[tuple[str, int, str]]],
) -> Point:
    number = whole_number(cells.get(POINT_NUMBER, ""), POINT_NUMBER)
    name = next((text for head, text in cells.items() if head.endswith(NAME_ENDS)), "")
    if not name:
        raise UnreadableError("no_name", "没有名称", "no name")
    logic = _cell(cells, LOGIC)
    own = codes_in(_cell(cells, "项目代码", "项目A代码", "中药饮片代码", "医疗服务项目A代码供参考"))
    listed = _listed((*own, *(code for _, _, code in codes.get(number, []))))
    parameters = READERS[kind.reads](cells, f"{name}。{logic}" if logic else name)
    ground = _cell(cells, GROUND)
    return Point(kind.kind, sheet.name, row, number, name, listed, parameters, logic, ground)


def _listed(codes: Iterable[str]) -> tuple[str, ...]:
    """Return codes, each once; without one nothing could match a line."""
    listed = tuple(dict.fromkeys(codes))
    if not listed:
        raise UnreadableError(
            "no_code", "没有代码，无法与明细匹配", "no code, so no line can match"
        )
    return listed


def _cell(cells: Cells, *heads: str) -> str:
    """Return the text under the first column whose head is, or begins or ends with, one given."""
    for head in heads:
        for given, text in cells.items():
            if given == head or given.startswith(head) or (head == "代码" and given.endswith(head)):
                return text
    return ""


def _doubt(point: Point, cells: Cells, taken: Taken) -> None:
    told = cells.get(COUNT, "")
    if told and told.split(".")[0] != str(len(point.codes)):
        reason = f"自称有 {told} 个代码，实有 {len(point.codes)} 个 | another number of codes"
        taken.doubtful.append(Refused(point.sheet, point.row, reason))
    if point.kind == "indication" and not point.parameters.words:
        reason = "没有诊断代码集，只能提示，不能判定 | no set of diagnoses, so it can only prompt"
        taken.doubtful.append(Refused(point.sheet, point.row, reason))
