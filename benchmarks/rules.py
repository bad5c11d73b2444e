"""All rules over many lines, beside DuckDB doing six of them; equal findings or it stops.

python -m benchmarks.rules 10000000 --by-rule
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from engine.codes.enums import Insurance, ItemCategory, Sex, VisitKind
from engine.errors import ensure
from engine.periods import NO_END_DAY
from engine.rules.catalogue import Rule, load_rules
from engine.rules.detect import detect, not_run
from engine.rules.facts import CLAIM_LINE, LIMIT, RECORD, REGISTER, SETTLEMENT, Facts
from engine.storage.tables import LINES
from pipelines.staged.staging import StagedWriter, read_staged
from pipelines.steps.flag import laid_down

SEED = 20240331
LINES_PER_CLAIM = 10
CLAIMS_PER_PERSON = 3
ITEMS = 20_000
STAYS = 0.07
SLOWEST = 12
PART_LINES = 1_000_000
FIRST_DAY, DAYS = 19_783, 30
E4 = 10_000
_EVERY = {"region": "*", "valid_from": 0, "valid_to": NO_END_DAY, "unit": ""}


@dataclass(frozen=True)
class Bench:
    """The files of a run, as a night has them.

    Attributes:
        drawn: what rules look at, not yet in shares.
        folder: where the files lie.
    """

    drawn: Facts
    folder: Path

    @property
    def lines(self) -> Path:
        """The file of lines."""
        return self.folder / "lines.parquet"

    @property
    def settlements(self) -> str:
        """The files of settlements."""
        return f"{self.folder}/settlements/*.parquet"

    def laid_down(self) -> Facts:
        """Return the facts as the night's stage hands them to its rules."""
        return laid_down(self.drawn, self.folder / "standing", self.lines)


def make(lines: int, folder: Path) -> Bench:
    """Draw claims, lines and records part by part, and the limits and registers that rules ask for.

    Nothing is drawn whole, so that the most memory that the run takes is the rules'.
    """
    count = lines // LINES_PER_CLAIM
    of_part = PART_LINES // LINES_PER_CLAIM
    for name in ("settlements", "records"):
        (folder / name).mkdir()
    with StagedWriter(LINES, folder / "lines.parquet") as writer:
        for first in range(0, count, of_part):
            rng = np.random.default_rng((SEED, first))
            claims = _settlements(rng, range(first, min(first + of_part, count)), count)
            claims.write_parquet(folder / f"settlements/{first:09d}.parquet", compression="lz4")
            writer.append(_lines(rng, claims))
            noted = _records(range(first, first + len(claims)))
            noted.write_parquet(folder / f"records/{first:09d}.parquet", compression="lz4")
    drawn = Facts(
        settlements=pl.scan_parquet(folder / "settlements"),
        limits=_limits(),
        registers=_registers(count),
        records=pl.scan_parquet(folder / "records"),
        lines=lambda: read_staged(folder / "lines.parquet"),
    )
    return Bench(drawn, folder)


def _settlements(rng: np.random.Generator, numbers: range, all_claims: int) -> pl.DataFrame:
    claims = len(numbers)
    number = pl.Series(numbers)
    stays = rng.random(claims) < STAYS
    begin = FIRST_DAY + rng.integers(0, DAYS, claims)
    days = np.where(stays, rng.integers(1, 12, claims), 0)
    name = "S" + number.cast(pl.String)

    def drawn(letter: str, most: int) -> pl.Series:
        return letter + pl.Series(rng.integers(0, most, claims)).cast(pl.String)

    kinds = np.where(stays, int(VisitKind.INPATIENT), int(VisitKind.OUTPATIENT))
    frame = pl.DataFrame(
        {
            "settlement_id": name,
            "message_id": "M" + name,
            "visit_id": "V" + name,
            "person_id": drawn("P", max(all_claims // CLAIMS_PER_PERSON, 1)),
            "institution_id": drawn("H", 300),
            "physician_id": drawn("D", max(all_claims // 300, 20)),
            "disease_code": pl.Series(
                [f"{c}{n}.900" for c in "IJKEM" for n in range(10, 30)]
            ).gather(rng.integers(0, 100, claims)),
            "visit_kind": kinds,
            "begin_day": begin,
            "end_day": begin + days,
            "settled_at": (begin + days) * 86_400 + rng.integers(0, 86_400, claims),
            "sex": rng.integers(1, 3, claims),
            "total_fen": rng.integers(1_000, 10_000_000, claims),
            "claim": number,
        }
    ).with_columns(
        care_region=pl.lit("330100"),
        insurance=pl.lit(int(Insurance.EMPLOYEE)),
        hospital_level=pl.lit(3),
        birth_day=pl.lit(0),
    )
    return frame.select(pl.col(key).cast(kind) for key, kind in SETTLEMENT.items())


def _lines(rng: np.random.Generator, claims: pl.DataFrame) -> pl.DataFrame:
    claim = np.repeat(claims["claim"].to_numpy(), LINES_PER_CLAIM)
    count = len(claim)
    # A few items are charged often, most seldom.
    item = (ITEMS * rng.random(count) ** 2.5).astype(np.int64)
    price = 1_000_000 + item * 7_919 % 90_000_000
    units = rng.integers(1, 4, count)
    frame = {
        "claim": claim,
        "file": np.ones(count, dtype=np.int64),
        "row": int(claim[0]) * LINES_PER_CLAIM + np.arange(count),
        "item": item,
        "quantity_e4": units * E4,
        "price_e6": price,
        "amount_fen": price // 10_000 * units,
        "day": np.repeat(claims["begin_day"].to_numpy(), LINES_PER_CLAIM),
        "approved": np.full(count, -1),
    }
    return pl.DataFrame(frame).select(pl.col(key).cast(kind) for key, kind in CLAIM_LINE.items())


def _limits() -> pl.DataFrame:
    """Limits of every kind that a rule asks for, each of a few items of its own."""
    rows: list[dict[str, Any]] = []

    def limit(kind: str, items: range, **said: Any) -> None:
        rows.extend(
            {"kind": kind, "item": k, "point": f"{kind}/{k}", **_EVERY, **said} for k in items
        )

    limit("sex", range(9_000, 9_800), low=int(Sex.FEMALE))
    limit("daily_quantity", range(9_800, 10_100), high=2 * E4, window=1)
    limit("period_quantity", range(10_100, 10_200), high=2 * E4, window=7)
    limit("therapy", range(10_200, 10_260), high=2 * E4, window=7)
    for k in range(900):
        limit("pair", range(10_300 + k, 10_301 + k), unit="day", others=[11_300 + k])
    for kind in ("indication", "test_indication"):
        limit(kind, range(12_200, 12_500), words=["I", "J"])
    for kind in ("age", "hospital_level", "visit", "injury_only", "maternity_only", "herb_never"):
        limit(kind, range(12_500, 12_540), low=0, words=["inpatient", "outpatient"])
    limit("course", range(12_600, 12_650), window=3, unit="day")
    limit("herb_single", range(12_700, 12_720))
    limit("legal_price", range(12_800, 13_800), high=90_000_000)
    for kind in ("internet_scope", "traced", "resulted"):
        limit(kind, range(13_800, 13_900))
    for kind in ("second_line", "procedure", "package", "interaction"):
        limit(kind, range(13_900, 13_950), unit="day", others=[13_960, 13_961])
    limit("supply", range(14_000, 14_100), low=3)
    for category in ItemCategory:
        limit("category", range(category - 1, ITEMS, len(ItemCategory)), low=int(category))
    return pl.DataFrame(rows, schema=LIMIT)


def _registers(claims: int) -> pl.DataFrame:
    names = ("deaths", "cover_stopped", "custody", "abroad", "injury_paid", "agreement_suspended",
             "not_licensed")  # fmt: skip
    heads = {"agreement_suspended": "H", "not_licensed": "D"}
    rows = [
        {"register": name, "subject": f"{heads.get(name, 'P')}{k * 37}", "begins": FIRST_DAY + 20,
         "ends": NO_END_DAY, "source": "n"}
        for name in names
        for k in range(max(claims // 10_000, 1))
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=REGISTER)


def _records(claims: range) -> pl.DataFrame:
    """Records of every kind of each fifth settlement; with the first, an institution's stock."""
    number = pl.col("number")
    of = pl.DataFrame({"number": [k for k in claims if k % 5 == 0]})
    kinds = ("internet_visit", "in_scope", "trace_code", "care_record", "leave", "result",
             "group_billed", "group_again", "blood_group", "removed_organ", "terminal",
             "note_print")  # fmt: skip
    parts = [
        of.select(
            record=pl.lit(kind),
            settlement_id="S" + number.cast(pl.String),
            subject="P" + number.cast(pl.String),
            item=number % 100 + 13_800,
            day=FIRST_DAY,
            minute=number % 1_440,
            value="S" + number.cast(pl.String),
            quantity_e4=E4,
        )
        for kind in kinds
    ]
    stock = pl.DataFrame(
        {"record": ["received", "monthly_use"], "subject": ["H1", "H1"], "item": [14_200, 14_201]}
    ).with_columns(day=pl.lit(FIRST_DAY - 40), quantity_e4=pl.lit(10 * E4))
    whole = pl.concat(
        [*parts, stock if claims.start == 0 else stock.clear()], how="diagonal_relaxed"
    )
    return whole.select(pl.col(key).cast(kind) for key, kind in RECORD.items())


BOTH = {
    "item_limited_by_sex": """select distinct settlement_id from l join m using (item)
        join s using (claim) where kind = 'sex' and sex <> low""",
    "item_past_daily_limit": """select distinct settlement_id from (
        select settlement_id, high, sum(quantity_e4) over (
            partition by person_id, institution_id, item, day order by settled_at, "row") used
        from l join m using (item) join s using (claim) where kind = 'daily_quantity')
        where used > high""",
    "bundled_item_charged": """select distinct s.settlement_id from l a
        join m on m.item = a.item and kind = 'pair'
        join l b on b.claim = a.claim and b.day = a.day and b.item = m.others[1]
        join s on s.claim = a.claim""",
    "price_above_legal": """select distinct settlement_id from l join m using (item)
        join s using (claim) where kind = 'legal_price' and price_e6 > high""",
    "overlapping_stays": """select distinct b.settlement_id from s a join s b using (person_id)
        where a.visit_kind = 7 and b.visit_kind = 7 and a.institution_id <> b.institution_id
        and (a.begin_day, a.settled_at, a.message_id) < (b.begin_day, b.settled_at, b.message_id)
        and least(a.end_day, b.end_day) - b.begin_day >= 1""",
    "care_after_death": """select distinct settlement_id from s join r on subject = person_id
        where register = 'deaths' and begin_day >= begins + 2 and begin_day < ends""",
}
"""Six rules as DuckDB does them: the settlements that each flags."""


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Return what work returns, with its wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    made = work()
    spent = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    return made, {name: round(value, 2) for name, value in spent.items()}


def in_duckdb(bench: Bench) -> tuple[dict[str, set[str]], dict[str, float]]:
    """Return what DuckDB finds by the six rules, from the same files on two threads."""
    with duckdb.connect(config={"threads": 2}) as database:
        database.register("m", bench.drawn.limits.to_arrow())
        database.register("r", bench.drawn.registers.to_arrow())
        database.read_parquet(bench.settlements).create_view("s")
        database.read_parquet(str(bench.lines)).create_view("l")
        return timed(
            lambda: {
                rule: {row[0] for row in database.execute(query).fetchall()}
                for rule, query in BOTH.items()
            }
        )


def run(lines: int, *, by_rule: bool = False) -> dict[str, Any]:
    """Return what all rules take, six of them, and DuckDB with the same six.

    Raises:
        InvariantError: DuckDB finds something else.
    """
    with tempfile.TemporaryDirectory() as folder:
        bench, drawing = timed(lambda: make(lines, Path(folder)))
        rules = load_rules()
        six = [rule for rule in rules if rule.id in BOTH]
        facts, laying = timed(bench.laid_down)
        found, all_rules = timed(lambda: detect(rules, facts))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        own, six_rules = timed(lambda: detect(six, facts))
        theirs, rival = in_duckdb(bench)
        for rule in six:
            mine = set(own.filter(pl.col("rule_id") == rule.id)["settlement_id"])
            ensure(mine == theirs[rule.id], "DuckDB finds otherwise", rule=rule.id)
        each = {rule.id: _cpu(rule, facts) for rule in (rules if by_rule else ())}
        idle = not_run(rules, facts)
    slowest = sorted(each.items(), key=lambda one: -one[1])[:SLOWEST]
    return {
        "lines": lines,
        "shares": max(len(facts.persons), 1),
        "rules": len(rules),
        "not_run": sorted(idle),
        "findings": len(found),
        "drawing": drawing,
        "laying_down": laying,
        "all": all_rules,
        "rss_mb": round(peak),
        "six": six_rules,
        "duckdb_six": rival,
        "cpu_by_rule": dict(slowest),
    }


def _cpu(rule: Rule, facts: Facts) -> float:
    return timed(lambda: detect([rule], facts))[1]["cpu_s"]


def main() -> None:
    """Run as a command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lines", type=int)
    parser.add_argument("--by-rule", action="store_true")
    told = parser.parse_args()
    sys.stdout.write(json.dumps(run(told.lines, by_rule=told.by_rule), indent=1) + "\n")


if __name__ == "__main__":
    os.environ.setdefault("POLARS_MAX_THREADS", "2")
    main()
