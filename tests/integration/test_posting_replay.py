"""A night replayed visit by visit through the ledger gives what the night settled as a batch."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.codes.enums import Insurance, PersonType, VisitKind
from engine.policy.book import SHIPPED, load_book
from engine.policy.compiler import CompiledBook, compile_book
from engine.policy.insurances import SCHEME_OF
from engine.storage import ledger_tables as t
from engine.storage.database import Database
from engine.storage.messages import read_message
from engine.storage.posting import post
from pipelines.synthetic.make import make_city
from pipelines.synthetic.plan import CityPlan
from tests.integration.night_world import NIGHT, World
from tests.ledger_world import id_of

Row = dict[str, Any]
CITY = CityPlan(claims=1_500, night=NIGHT, seed=21, refund_share=0.15)
KEY = ["person_id", "region", "scheme", "counter", "year", "month", "scope"]
PORTIONS = (1, 37)


@pytest.fixture(scope="module")
def book() -> CompiledBook:
    return compile_book(load_book(SHIPPED))


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("replay")
    make_city(folder / "city", CITY)
    world = World(folder)
    world.run(folder / "city" / "input", reference=folder / "city" / "reference")
    return world


def register(night: World) -> pl.DataFrame:
    [path] = (night.folder / "city" / "reference").glob("persons*")
    return (
        pl.read_parquet(path)
        if path.suffix == ".parquet"
        else pl.read_csv(path, infer_schema=False)
    )


def account_used(night: World) -> dict[str, bool]:
    claims = pl.read_parquet(night.folder / "city" / "input" / "claims-000.parquet")
    return dict(claims.select("setl_id", pl.col("acct_used_flag") == "1").iter_rows())


def requests(night: World, book: CompiledBook) -> Iterator[Row]:
    """Yield what is posted: the balances of the register, then the night's settlements in order."""
    births = dict(register(night).select("person_id", "birth_date").iter_rows())
    used = account_used(night)
    settled = night.table("settlements").sort("settled_at", "message_id", "settlement_id")
    schemes = {scheme.key: scheme for scheme in book.book.schemes}
    for row in _balances(night, schemes):
        yield row
    for row in settled.iter_rows(named=True):
        request: Row = {
            "sender_id": "night",
            "message_id": row["settlement_id"],
            "person_id": row["person_id"],
            "settled_at": datetime.fromtimestamp(row["settled_at"], UTC).isoformat()[:19],
            "verb": "settle",
        }
        if row["refund"]:
            original = id_of("night", row["original_settlement_id"])
            yield request | {"verb": "cancel", "original": original}
            continue
        key = (row["home_region"], SCHEME_OF[Insurance(row["insurance"])])
        yield request | {
            "region": key[0],
            "scheme": key[1],
            "institution_id": row["institution_id"],
            "visit_id": row["visit_id"],
            "person": {
                "class": _class(schemes[key], row["person_type"]),
                "birth_date": births[row["person_id"]],
            },
            "event": _event(row, account_used=used[row["settlement_id"]]),
        }


def _balances(night: World, schemes: dict[tuple[str, str], Any]) -> Iterator[Row]:
    for row in register(night).iter_rows(named=True):
        if float(row["account_balance"] or 0) > 0 and (row["region"], "employee") in schemes:
            yield {
                "sender_id": "register",
                "message_id": row["person_id"],
                "person_id": row["person_id"],
                "settled_at": "2024-01-01T00:00:00",
                "verb": "settle",
                "region": row["region"],
                "scheme": "employee",
                "person": {"class": _class(schemes[row["region"], "employee"], 1)},
                "event": {"kind": "account_credit", "amount": row["account_balance"]},
            }


def _class(scheme: Any, person_type: int) -> str:
    name = PersonType(person_type).name.lower()
    found: str = next(key for key, kinds in scheme.file.person_classes.items() if name in kinds)
    return found


def _event(row: Row, *, account_used: bool) -> Row:
    day = date(1970, 1, 1)
    return {
        "visit": VisitKind(row["visit_kind"]).name.lower(),
        "level": row["deductible_level"],
        "begin": (day + timedelta(days=row["begin_day"])).isoformat(),
        "end": (day + timedelta(days=row["end_day"])).isoformat(),
        "disease": row["disease_code"],
        "account_used": account_used,
        "total": _yuan(row["total_fen"]),
        **{name: _yuan(row[f"{name}_fen"]) for name in BUCKETS},
    }


BUCKETS = ("self_pay_off_list", "self_pay_over_price", "self_pay_first_share")


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


@pytest.mark.parametrize("portion", PORTIONS)
def test_a_night_posted_visit_by_visit_is_the_night_to_the_fen(
    portion: int, night: World, book: CompiledBook, tmp_path: Path
) -> None:
    database = Database(tmp_path / "ledger.db")
    messages = [read_message(json.dumps(one).encode(), book) for one in requests(night, book)]
    for first in range(0, len(messages), portion):
        for answer in post(database, book, messages[first : first + portion], 0):
            assert isinstance(answer, bytes), answer
    names = [*AMOUNT_COLUMNS, *t.LAYER_PAID, "year", "ordinal"]
    c = t.SETTLEMENTS.c
    with database.reading() as connection:
        query = sa.select(c.message_id, *(c[name] for name in names)).where(c.sender_id == "night")
        posted = {row[0]: tuple(row[1:]) for row in connection.execute(query)}
        counters = connection.execute(sa.select(*(t.COUNTERS.c[name] for name in [*KEY, "value"])))
        state = {tuple(row[:-1]): row[-1] for row in counters if row[-1]}
    database.close()
    settled = night.table("settlements")
    assert len(posted) == len(settled) > 1_000
    assert posted == {
        row["settlement_id"]: tuple(row[name] for name in names)
        for row in settled.iter_rows(named=True)
    }
    left = night.table("accumulators").select(*KEY, "value").filter(pl.col("value") != 0)
    persons = set(left["person_id"])
    assert {key: value for key, value in state.items() if key[0] in persons} == {
        row[:-1]: row[-1] for row in left.iter_rows()
    }
