"""How well suspicions hit: the rules' examples planted in a city that knows nothing of them."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from engine.rules.catalogue import load_rules
from engine.rules.detect import detect
from engine.rules.examples import Example, read_examples
from engine.rules.facts import TONIGHT, Facts
from engine.storage.lake import Lake
from pipelines.findings.evidence import open_evidence
from pipelines.night import Order, run_night
from pipelines.steps.flag import facts_of_night
from pipelines.synthetic.beside import draw_beside
from pipelines.synthetic.make import make_city
from pipelines.synthetic.plan import CityPlan
from pipelines.trials.varied import varied

NIGHT = date(2024, 3, 31)
MARK = "planted"
IDS = ("settlement_id", "message_id", "visit_id", "person_id", "institution_id", "physician_id")
ITEMS_EACH = 100


@dataclass(frozen=True)
class Planted:
    """Copies of an example among others.

    Attributes:
        facts: its facts, every name and item its own.
        wanted: the settlements that its rule is to flag, carried out as the example says.
        varied: whether it was carried out otherwise than the example says.
    """

    example: Example
    facts: Facts
    wanted: frozenset[str]
    varied: bool


def measure(claims: int, times: int, seed: int) -> dict[str, Any]:
    """Return, rule by rule, what was planted, what was found, and who else was flagged.

    The city has no findings of its own: whoever else is flagged is innocent there. Its records
    have the faults of feeds. A settlement planted for another rule is not counted.

    Args:
        claims: of the city.
        times: how often each example is planted as it is, and as often varied by seed.
    """
    with tempfile.TemporaryDirectory() as folder:
        city = _city_facts(Path(folder), claims, seed)
        people = city.settlements.select(pl.len()).collect().item()
        planted = list(_planted(city, times, seed))
        facts = _merged(city, [one.facts for one in planted])
        found = detect(load_rules(), facts).select("rule_id", "settlement_id")
    return {
        "claims": people,
        "rules": [_told(rule.id, rule.level, found, planted, people) for rule in load_rules()],
    }


def _city_facts(folder: Path, claims: int, seed: int) -> Facts:
    plan = CityPlan(claims=claims, night=NIGHT, seed=seed, finding_share=0, bad_share=0)
    make_city(folder / "city", plan)
    draw_beside(folder / "city", plan)
    order = Order(NIGHT, folder / "city/input", folder / "city/reference", folder / "lake")
    run_night(order, lambda _line: None)
    lake = Lake(folder / "lake")
    evidence = open_evidence(lake, NIGHT)
    facts = facts_of_night(evidence.inputs, evidence.earlier(lake))
    lines = list(facts.lines())
    lake.database.close()
    return replace(facts, lines=lambda: lines)


def _planted(city: Facts, times: int, seed: int) -> Iterator[Planted]:
    claim = int(city.settlements.select(pl.col("claim").max()).collect().item() or 0) + 1
    item = int(city.limits["item"].max() or 0) + 1  # type: ignore[arg-type]
    for number, (example, first) in enumerate(read_examples()):
        # What limits its items is said once, however often it is planted.
        again = replace(first, limits=first.limits.clear())
        for copy in range(2 * times):
            name = f"{MARK}-{number}-{copy}-"
            facts = again if copy else first
            if copy >= times:
                facts = varied(facts, np.random.default_rng([seed, number, copy]))
            own = _renamed(facts, name, (claim, item + number * ITEMS_EACH))
            wanted = frozenset(name + one for one in example.found)
            yield Planted(example, own, wanted, copy >= times)
            claim += first.settlements.select(pl.len()).collect().item()


def _renamed(facts: Facts, name: str, first: tuple[int, int]) -> Facts:
    """Return facts with names, claims and items of their own; an unlisted item stays so."""
    claim, item = first
    item_number = pl.when(pl.col("item") < 0).then("item").otherwise(pl.col("item") + item)

    def own(*names: str) -> list[pl.Expr]:
        return [(pl.lit(name) + pl.col(key)).alias(key) for key in names]

    number = pl.when(TONIGHT).then(pl.col("claim") + claim).otherwise(pl.col("claim") - claim)
    *lines, before = [
        part.with_columns(
            number.alias("claim"),
            item_number.cast(pl.Int32).alias("item"),
            row=pl.col("row") + claim * 1_000,
        )
        for part in (*facts.lines(), facts.earlier_lines)
    ]
    return Facts(
        settlements=facts.settlements.with_columns(number.alias("claim"), *own(*IDS)),
        limits=facts.limits.with_columns(
            pl.col("item") + item,
            pl.col("others").list.eval(pl.element() + item),
            *own("point"),
        ),
        registers=facts.registers.with_columns(own("subject")),
        records=facts.records.with_columns(
            item_number.cast(pl.Int32).alias("item"), *own("settlement_id", "subject", "value")
        ),
        lines=lambda: lines,
        earlier_lines=before,
    )


def _merged(city: Facts, planted: list[Facts]) -> Facts:
    every = [city, *planted]
    own = pl.concat([part for one in planted for part in one.lines()])
    parts = [part.select(own.columns).cast(dict(own.schema)) for part in city.lines()]  # type: ignore[arg-type]
    return Facts(
        settlements=pl.concat([one.settlements for one in every]).collect().lazy(),
        limits=pl.concat([one.limits for one in every]),
        registers=pl.concat([one.registers for one in every]),
        records=pl.concat([one.records for one in every]).collect().lazy(),
        lines=lambda: [*parts, own],
        earlier_lines=pl.concat([one.earlier_lines for one in every]),
    )


def _settlements(facts: Facts) -> pl.Series:
    return facts.settlements.select("settlement_id").collect().to_series()


def _told(
    rule: str, level: str, found: pl.DataFrame, planted: list[Planted], claims: int
) -> dict[str, Any]:
    flagged = set(found.filter(pl.col("rule_id") == rule)["settlement_id"])
    of_rule = [one for one in planted if one.example.of == rule]
    others = len({name for name in flagged if not name.startswith(MARK)})
    return {
        "rule_id": rule,
        "level": level,
        "city_flagged": others,
        "city_per_10000": round(others * 10_000 / claims, 1),
        **_hits([one for one in of_rule if not one.varied], flagged, others),
        "varied": _schemes([one for one in of_rule if one.varied], flagged, others),
    }


def _hits(own: list[Planted], flagged: set[str], others: int) -> dict[str, Any]:
    """Return what was planted, found and flagged wrongly, `others` claims of the city among it."""
    wanted = {name for one in own for name in one.wanted}
    mine = {name for one in own for name in _settlements(one.facts)}
    decoys = (flagged & mine) - wanted
    hit = len(flagged & wanted)
    wrong = len(decoys) + others
    return {
        "planted": len(wanted),
        "found": hit,
        "decoys": len(mine - wanted),
        "decoys_flagged": len(decoys),
        "recall": round(hit / len(wanted), 3),
        "precision": round(hit / (hit + wrong), 3) if hit + wrong else None,
    }


def _schemes(own: list[Planted], flagged: set[str], others: int) -> dict[str, Any]:
    """Return how many schemes are seen in any of their settlements, and what else is flagged.

    Which settlement of a scheme is flagged depends on how it was carried out.
    """
    seen = [(one.example.kind, flagged & set(_settlements(one.facts))) for one in own]
    schemes = [bool(found) for kind, found in seen if kind == "finds"]
    wrong = sum(len(found) for kind, found in seen if kind != "finds")
    decoys = [len(_settlements(one.facts)) for one in own if one.example.kind != "finds"]
    hit = sum(schemes)
    told = hit + wrong + others
    return {
        "planted": len(schemes),
        "found": hit,
        "decoys": sum(decoys),
        "decoys_flagged": wrong,
        "recall": round(hit / len(schemes), 3),
        "precision": round(hit / told, 3) if told else None,
    }


def table(answer: Mapping[str, Any]) -> list[str]:
    """Return the suspicious rules of a measurement as rows of a table."""
    head = (
        "| rule | planted | recall | decoys | per 10,000 | precision "
        "| varied: recall | decoys | precision |"
    )
    rows = [
        f"| `{one['rule_id']}` | {one['planted']} | {one['recall']:.3f} | "
        f"{one['decoys_flagged']} of {one['decoys']} | {one['city_per_10000']} | "
        f"{one['precision']} | {one['varied']['recall']:.3f} | "
        f"{one['varied']['decoys_flagged']} of {one['varied']['decoys']} | "
        f"{one['varied']['precision']} |"
        for one in answer["rules"]
        if one["level"] == "suspicious"
    ]
    return [head, "|" + "---|" * 9, *rows]
