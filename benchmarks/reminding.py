"""How long a reminder before payment (3101) takes, on the catalogue and persons of a lake.

`python -m benchmarks.reminding --lake var/demo/lake [--visits N] [--json]`: visits of ten orders,
drawn by a fixed seed, one after the other, without HTTP.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from api.national.desk import Desk
from api.national.envelope import Call
from api.national.reminding import remind
from engine.policy.book import SHIPPED, load_book
from engine.policy.compiler import compile_book
from engine.storage.lake import Lake
from engine.storage.reference import read_reference_data
from engine.wire.fields import by_english

ORDERS = 10
SEED = 7
WARM_UP = 20
DAY = "2024-03-20"
NOW = 1_710_900_000


def measure(lake: Path, visits: int) -> dict[str, Any]:
    """Return waits in ms, CPU in ms, and how many reminders a visit had on average."""
    desk = Desk(Lake(lake).database, compile_book(load_book(SHIPPED)), read_reference_data(lake))
    calls = _calls(desk, visits + WARM_UP)
    waits, found = [], 0
    with desk.database.reading() as connection:
        for call in calls[:WARM_UP]:
            remind(call, desk, connection)
        cpu = time.process_time()
        for call in calls[WARM_UP:]:
            begun = time.perf_counter()
            found += len(remind(call, desk, connection)["result"])
            waits.append((time.perf_counter() - begun) * 1e3)
        cpu = time.process_time() - cpu
    cuts = statistics.quantiles(waits, n=100)
    return {
        "visits": visits,
        "items": len(desk.reference.item_numbers),
        "persons": len(desk.reference.persons),
        "p50_ms": round(cuts[49], 2),
        "p99_ms": round(cuts[98], 2),
        "cpu_ms": round(cpu / visits * 1e3, 2),
        "reminders_each": round(found / visits, 2),
    }


def _calls(desk: Desk, count: int) -> list[Call]:
    dice = np.random.default_rng(SEED)
    items = sorted(desk.reference.item_numbers)
    persons = sorted(desk.reference.persons["person_id"].unique())
    institutions = sorted(desk.reference.institutions["institution_id"])
    calls = []
    for number in range(count):
        picked = dice.choice(len(items), ORDERS, replace=False)
        orders = [_order(k, items[at]) for k, at in enumerate(picked)]
        patient = _visit(str(number), str(dice.choice(persons)), orders)
        home = str(dice.choice(institutions))
        blocks = {"data": {"patient_dtos": [patient]}}
        calls.append(Call("3101", str(number), home, "", "", "", blocks, "", NOW))
    return calls


def _visit(number: str, person: str, orders: list[dict[str, str]]) -> dict[str, Any]:
    known = by_english("encounter")
    told = {
        "visit_id": number, "begin_date": DAY, "visit_kind": "11", "insurance": "310",
        "disease_code": "J18.900",
    }  # fmt: skip
    encounter = {known[name].code: value for name, value in told.items()}
    return {
        known["person_id"].code: person,
        "fsi_encounter_dtos": [encounter | {"fsi_order_dtos": orders}],
    }


def _order(number: int, item: str) -> dict[str, str]:
    told = {
        "order_id": str(number), "item_code": item, "quantity_e4": "1", "price_e6": "20.00",
        "amount_fen": "20.00", "begin_date": DAY,
    }  # fmt: skip
    known = by_english("order")
    return {known[name].code: value for name, value in told.items()}


def main() -> None:
    """Measure, and print a line or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--visits", type=int, default=1_000)
    parser.add_argument("--json", action="store_true", dest="as_json")
    asked = parser.parse_args()
    told = measure(asked.lake, asked.visits)
    if asked.as_json:
        sys.stdout.write(json.dumps(told) + "\n")
        return
    sys.stdout.write("  ".join(f"{name} {value}" for name, value in told.items()) + "\n")


if __name__ == "__main__":
    main()
