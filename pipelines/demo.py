"""The demonstration: a city, a night, one settlement explained, one lead, and where to look."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl

from engine.codes.enums import VisitKind
from engine.storage.lake import Lake
from pipelines.explain import explain
from pipelines.leads.queue import lead_answer, leads_of_last_night
from pipelines.night import Order, run_night
from pipelines.reports.leads import print_lead
from pipelines.reports.tables import print_explained, print_night
from pipelines.synthetic.make import make_city
from pipelines.synthetic.plan import CityPlan

CLAIMS = 20_000
NIGHT = date(2024, 3, 31)


def run_demo(folder: Path, progress: Callable[[str], None]) -> None:
    """Make a city where there is none yet, settle its night, and print what came of it."""
    city, lake = folder / "city", folder / "lake"
    if not (city / "input" / "manifest.json").is_file():
        progress(f"虚构城市 | synthetic city: {CLAIMS:,} claims …")
        shutil.rmtree(folder, ignore_errors=True)
        make_city(city, CityPlan(claims=CLAIMS, night=NIGHT))
    order = Order(NIGHT, city / "input", city / "reference", lake)
    print_night(run_night(order, progress))
    print_explained(explain(_telling_settlement(lake), lake))
    queue = leads_of_last_night(Lake(lake), "institution")
    if queue:  # A city of another size may have drifted from the references that it brings.
        print_lead(lead_answer(queue, 1, "zh"))
    progress(
        "\n打开页面 | see the page:  python3 jiesuan.py serve --lake "
        f"{lake}   →  http://127.0.0.1:8000/"
    )


def _telling_settlement(lake: Path) -> str:
    """Return the dearest in-patient settlement that two funds have paid."""
    paid = pl.col("large_amount_paid_fen") > 0
    found = (
        Lake(lake)
        .read("settlements")
        .filter(pl.col("visit_kind") == int(VisitKind.INPATIENT), ~pl.col("refund"))
        .sort(paid, "total_fen", "settlement_id", descending=[True, True, False])
        .select("settlement_id")
        .first()
        .collect()
    )
    return str(found.item())
