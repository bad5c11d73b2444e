"""A night replayed visit by visit through the ledger gives what the night settled as a batch."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.claims.columns import EventKind
from engine.codes.enums import Insurance, PersonType, VisitKind
from engine.ledger.postings import AccountKind
from engine.policy.book import SHIPPED, load_book
from engine.policy.compiler import CompiledBook, compile_book
from engine.policy.insurances import SCHEME_OF
from engine.storage import ledger_tables as t
from engine.storage.case_tables import POSTING_LEGS
from engine.storage.database import Database
from engine.storage.lake import Lake
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


def rows_of(database: Database, sender: str) -> dict[str, Row]:
    """Return what the ledger holds of each settlement, by the name that the night gave it."""
    c, f, live = t.SETTLEMENTS.c, t.CONTRIBUTIONS.c, t.LIVE.c
    said = c.settlement_id if sender == "night" else c.message_id
    told = [c[name] for name in SAME]
    with database.reading() as connection:
        rows = connection.execute(sa.select(said.label("name"), c.settlement_id, *told))
        found = {row.settlement_id: dict(row._mapping) for row in rows}  # noqa: SLF001
        for row in found.values():
            row["fed"] = set()
        fed = sa.select(f.settlement_id, f.counter, f.year, f.month, f.scope, f.before, f.gain)
        for name, *rest in connection.execute(fed):
            found[name]["fed"].add(tuple(rest))
        stands = set(connection.scalars(sa.select(live.settlement_id)))
    return {
        row["name"]: row | {"settlement_id": "", "live": name in stands}
        for name, row in found.items()
        if row["kind"] != int(EventKind.ACCOUNT_CREDIT)
    }


SAME = (
    *("kind", "person_id", "region", "scheme", "year", "version", "institution_id", "visit_id"),
    *("segment", "benefit", "begins_day", "cell", "ordinal", "policy_hash"),
    *t.AMOUNTS,
    *t.LAYER_PAID,
    *t.CAP_LEFT,
)


def balances_of(database: Database) -> dict[tuple[int, int, str], int]:
    """Return what the ledger's legs come to by account, purse and party, persons together."""
    sums: Counter[tuple[int, int, str]] = Counter()
    with database.reading() as connection:
        for legs in (t.LEGS, POSTING_LEGS):
            c = legs.c
            for row in connection.execute(sa.select(c.account, c.purse, c.party, c.amount_fen)):
                own = row.account == AccountKind.PERSON_ACCOUNT
                sums[row.account, row.purse, "" if own else row.party] += row.amount_fen
    return {key: fen for key, fen in sums.items() if fen}


@pytest.mark.parametrize("portion", PORTIONS)
def test_a_night_posted_visit_by_visit_is_the_night_to_the_fen(
    portion: int, night: World, book: CompiledBook, tmp_path: Path
) -> None:
    database = Database(tmp_path / "ledger.db")
    messages = [read_message(json.dumps(one).encode(), book) for one in requests(night, book)]
    for first in range(0, len(messages), portion):
        for answer in post(database, book, messages[first : first + portion], 0):
            assert isinstance(answer, bytes), answer
    assert balances_of(database) == balances_of(Lake(night.lake).database)
    names = [*AMOUNT_COLUMNS, *t.LAYER_PAID, "year", "ordinal"]
    c = t.SETTLEMENTS.c
    assert rows_of(database, "visits") == rows_of(Lake(night.lake).database, "night")
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
