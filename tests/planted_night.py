"""The schemes of tests/planted_rules.py as a delivery, and their fen by the plain oracle."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl

from engine.codes.enums import Insurance, ItemCategory, VisitKind
from engine.periods import NO_END_DAY, date_of_day
from engine.rules.catalogue import load_rules
from engine.rules.knowledge.points import Parameters, Point
from engine.storage.beside_tables import ITEM_TERMS, RECORDS
from engine.storage.knowledge import add_version
from tests import planted_rules as planted
from tests.integration.night_world import a_bill, a_person, write
from tests.oracle import settle_story
from tests.oracle_terms import Record, load_yaml
from tests.planted_rules import E4, World
from tests.strategies import yuan

REGION = "330100"
FILLER = "ZFILL"
POLICIES = Path(planted.__file__).parents[1] / "engine/policy/data/330100-hangzhou"
CODES = {
    VisitKind.INPATIENT: "21",
    VisitKind.EMERGENCY_INPATIENT: "24",
    VisitKind.OUTPATIENT: "11",
}
NAMES = {
    Insurance.EMPLOYEE: ("310", "employee", "11"),
    Insurance.RESIDENT: ("390", "resident", "15"),
}
CATEGORIES = {
    planted.BED: ItemCategory.BED,
    planted.SINGLE: ItemCategory.HERBAL_SLICES,
    planted.HERB: ItemCategory.HERBAL_SLICES,
}


def code(item: int) -> str:
    return f"Z{item}"


def _point(kind: str, item: int, **parameters: object) -> Point:
    limits = Parameters(**parameters)  # type: ignore[arg-type]
    return Point(kind, "一", item - planted.ITEM + 2, 1, code(item), (code(item),), limits, "", "")


POINTS = [
    _point("daily_quantity", planted.DAILY, high=2 * E4, window=1),
    _point("period_quantity", planted.WEEKLY, high=2 * E4, window=7),
    _point("course", planted.COURSE, window=3, unit="day"),
    _point("herb_never", planted.NEVER),
    _point("herb_single", planted.SINGLE),
    _point("pair", planted.HOLDER, unit="day", others=(code(planted.HELD),)),
    _point("age", planted.CHILDREN, high=216, unit="month"),
    _point("age", planted.GROWN, low=216, unit="month"),
    _point("hospital_level", planted.HIGH_LEVEL, low=2),
    _point("visit", planted.AT_DESK, words=("outpatient",)),
    _point("visit", planted.IN_BED, words=("inpatient",)),
    _point("injury_only", planted.INJURY),
    _point("maternity_only", planted.MATERNITY),
]


def delivered(times: int) -> World:
    """Return a world as a night meets it: who bills two schemes bills two visits, so twice."""
    world = planted.plant(times)
    twice = {
        ("duplicate_settlement", *rest)
        for rule, *rest in world.wrong
        if rule == "benefit_from_two_schemes"
    }
    world.wrong |= twice  # type: ignore[arg-type]
    return world


def add_to(city: Path, lake: Path, world: World) -> None:
    """Put a world's claims, persons, items, institutions, registers and points into a city."""
    (city / "input/manifest.json").unlink()
    claims, lines = list(_claims(world)), [*_lines(world), *_fillers(world)]
    write(city / "input/claims-planted.csv", claims, claims[0])
    write(city / "input/lines-planted.csv", lines, lines[0])
    for name, rows in _reference(world).items():
        path = city / f"reference/{name}.parquet"
        added = pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String))
        before = [pl.read_parquet(path)] if path.exists() else []
        dates = {key: kind for part in before for key, kind in part.schema.items()}
        typed = added.with_columns(
            pl.col(key).cast(kind) for key, kind in dates.items() if key in added.columns
        )
        pl.concat([*before, typed], how="diagonal").write_parquet(path)
    add_version(lake, "planted", POINTS)


def _persons(world: World) -> list[Record]:
    """Return a register row for each person and insurance, one number for a person."""
    sexes = {row["person_id"]: str(row["sex"]) for row in world.settlements}
    numbers = {person: number for number, person in enumerate(sexes)}
    covers = dict.fromkeys((row["person_id"], row["insurance"]) for row in world.settlements)
    return [
        a_person(
            person,
            numbers[person],
            region=REGION,
            sex=sexes[person],
            insurance=NAMES[Insurance(insurance)][0],
            person_type=NAMES[Insurance(insurance)][2],
        )
        for person, insurance in covers
    ]


def _reference(world: World) -> dict[str, list[Record]]:
    blank = dict.fromkeys(
        ("first_share", "ceiling_price_1", "ceiling_price_2", "ceiling_price_3", "sex_limit"), ""
    )
    items = [
        blank
        | {"item_code": name, "region": "*", "name": name, "item_class": "1", "category": category}
        | {"valid_from": "2020-01-01", "valid_to": ""}
        for name, category in [
            (FILLER, "09"),
            *(
                (code(item), f"{CATEGORIES.get(item, ItemCategory.WESTERN_DRUG):02d}")
                for item in range(planted.ITEM, planted.LEGAL + 1)
            ),
        ]
    ]
    items[1]["sex_limit"] = "2"
    institutions = sorted({row["institution_id"] for row in world.settlements})
    fixed = {"region": REGION, "price_level": "3"}
    return {
        "catalogue": items,
        "institutions": [
            {"institution_id": name, "name": name, "kind": "hospital", "deductible_level": "L3"}
            | fixed
            | {"hospital_level": "08" if name == planted.SMALL else "02"}
            for name in institutions
        ],
        "persons": _persons(world),
        "registers": [
            row | {key: _day(row[key]) for key in ("begins", "ends")} for row in world.registers
        ],
        "item_terms": [
            _term("internet_scope", planted.INTERNET),
            _term("legal_price", planted.LEGAL) | {"high": "4.99"},
        ],
        "records": [dict.fromkeys(RECORDS.names, "") | row for row in world.records],
    }


def _term(kind: str, item: int) -> Record:
    fixed = {"region": "*", "valid_from": "2020-01-01", "source": "n"}
    return dict.fromkeys(ITEM_TERMS.names, "") | fixed | {"kind": kind, "item_code": code(item)}


def _day(day: int) -> str:
    return "" if day >= NO_END_DAY else date_of_day(day).isoformat()


def _claims(world: World) -> Iterator[Record]:
    certificates = {row["person_id"]: row["identity_no"] for row in _persons(world)}
    seen: dict[tuple[str, str], int] = {}
    for row in world.settlements:
        insurance = Insurance(row["insurance"])
        visit = f"{row['visit_id']}-{insurance}"
        key = (row["institution_id"], visit)
        seen[key] = seen.get(key, 0) + 1
        moment = date_of_day(row["settled_at"] // 86_400)
        clock = row["settled_at"] % 86_400
        yield a_bill(0, row["person_id"]).claim | {
            "setl_id": row["settlement_id"],
            "msgid": row["message_id"],
            "mdtrt_id": visit,
            "segment": str(seen[key]),
            "certno": certificates[row["person_id"]],
            "insutype": NAMES[insurance][0],
            "med_type": CODES[VisitKind(row["visit_kind"])],
            "fixmedins_code": row["institution_id"],
            "insuplc_admdvs": REGION,
            "mdtrtarea_admvs": REGION,
            "begndate": date_of_day(row["begin_day"]).isoformat(),
            "enddate": date_of_day(row["end_day"]).isoformat(),
            "setl_time": f"{moment} {clock // 3600:02d}:{clock // 60 % 60:02d}:{clock % 60:02d}",
            "dise_codg": row["disease_code"],
            "atddr_no": row["physician_id"],
            "medfee_sumamt": yuan(row["total_fen"]),
        }


def _line(settlement: Record, number: int, item: str, units: int, fen: int, day: int) -> Record:
    return {
        "setl_id": settlement["settlement_id"],
        "feedetl_sn": f"planted-{number}",
        "init_feedetl_sn": "",
        "fee_ocur_time": f"{date_of_day(day)} 08:00:00",
        "med_list_codg": item,
        "det_item_fee_sumamt": yuan(fen),
        "cnt": str(units),
        "pric": yuan(fen // units),
    }


def _lines(world: World) -> Iterator[Record]:
    for line in world.lines:
        units = line["quantity_e4"] // E4
        of = world.settlements[line["of"]]
        yield _line(of, line["row"], code(line["item"]), units, line["amount_fen"], line["day"])


def _fillers(world: World) -> Iterator[Record]:
    for number, row in enumerate(world.settlements):
        fen = row["total_fen"] - sum(own["amount_fen"] for own in _own(world, number))
        yield _line(row, len(world.lines) + number + 1, FILLER, 1, fen, row["begin_day"])


def _own(world: World, number: int) -> list[Record]:
    return [line for line in world.lines if line["of"] == number]


# The oracle


def losses(world: World) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Return what each planted scheme cost: rule and settlement -> pool, account, cash in fen."""
    corrections = {rule.id: rule.correction for rule in load_rules()}
    policies = {kind: load_yaml((POLICIES / f"{name}.yaml").read_text("utf-8"))
                for kind, (_, name, _) in NAMES.items()}  # fmt: skip
    numbers = {row["settlement_id"]: k for k, row in enumerate(world.settlements)}
    found = {}
    for rule, settlement in sorted({(rule, name) for rule, name, _, _ in world.wrong}):
        wrong = {
            row: excess if rule == planted.OVER_PRICE else excess // E4 * 500
            for one, name, row, excess in world.wrong
            if (one, name) == (rule, settlement) and row is not None and excess is not None
        }
        at = numbers[settlement]
        row = world.settlements[at]
        policy = policies[Insurance(row["insurance"])]
        paid = _settled(policy, world, at, {}, "")
        if corrections[rule] == "void":
            found[rule, settlement] = paid
        else:
            right = _settled(policy, world, at, wrong, corrections[rule])
            pool, account, cash = (a - b for a, b in zip(paid, right, strict=True))
            found[rule, settlement] = (pool, account, cash)
    return found


def _settled(
    policy: Record, world: World, at: int, wrong: dict[int, int], correction: str
) -> tuple[int, int, int]:
    """Return pool, account and cash of a settlement after those of its person before it."""
    row = world.settlements[at]
    same = ("person_id", "insurance")
    earlier = [
        k
        for k, other in enumerate(world.settlements[:at])
        if all(other[name] == row[name] for name in same)
    ]
    events = [_event(world, k, {}, "") for k in earlier] + [_event(world, at, wrong, correction)]
    person = {"class": "active" if row["insurance"] == Insurance.EMPLOYEE else "adult"}
    result = settle_story(policy, person | {"birth_date": date(1960, 1, 1)}, {}, events)[-1]
    assert result["status"] == "settled", result
    return result["pool_paid_fen"], result["account_paid_fen"], result["cash_paid_fen"]


def _event(world: World, at: int, wrong: dict[int, int], correction: str) -> Record:
    row = world.settlements[at]
    own = _own(world, at)
    filler = row["total_fen"] - sum(line["amount_fen"] for line in own)
    lines = [{"class": "A", "amount": yuan(filler)}]
    for line in own:
        taken = wrong.get(line["row"], 0)
        lines.append({"class": "A", "amount": yuan(line["amount_fen"] - taken)})
        if taken and correction == "off_list":
            lines.append({"class": "C", "amount": yuan(taken)})
    return {
        "id": row["settlement_id"],
        "visit": VisitKind(row["visit_kind"]).name.lower(),
        "level": "L3",
        "begin": date_of_day(row["begin_day"]),
        "end": date_of_day(row["end_day"]),
        "disease": row["disease_code"],
        "institution": row["institution_id"],
        "lines": lines,
    }
