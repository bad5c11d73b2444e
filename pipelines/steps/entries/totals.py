"""What a night's settlements post in sum: legs by ledger, day of settlement and institution."""

from collections.abc import Iterable
from datetime import date

import polars as pl

from engine.claims.columns import EventFlag
from engine.codes.enums import Fund
from engine.errors import ensure
from engine.ledger.benefits import Benefit, to_provider, to_region
from engine.ledger.postings import Authority, Heading, Ledger, Posting
from engine.periods import date_of_day
from engine.storage.ledger_check import NIGHT

DAY_SECONDS = 86_400
_FUNDS = {fund: f"{fund.name.lower()}_paid_fen" for fund in Fund}
_KEY = ["injury", "region", "day", "institution_id", "elsewhere"]


def sums_of(own: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Return what each fund and the accounts paid, by ledger, day and institution."""
    to_person = events.select((pl.col("flags") & int(EventFlag.PAID_TO_PERSON) != 0).any()).item()
    ensure(not to_person, "a night pays no person")
    keyed = own.with_columns(
        injury=pl.col(_FUNDS[Fund.INJURY]) != 0, day=pl.col("settled_at") // DAY_SECONDS
    )
    keyed = keyed.with_columns(pl.col("elsewhere").fill_null(""))
    return keyed.group_by(_KEY).agg(pl.col(*_FUNDS.values(), "account_paid_fen").sum())


def postings_of(sums: Iterable[pl.DataFrame], night: date) -> list[Posting]:
    """Return the postings of a night, none of them empty.

    They name no person: whose account it was stands in each settlement.
    """
    frames = list(sums)
    if not frames:
        return []
    whole = pl.concat(frames).group_by(_KEY).agg(pl.exclude(_KEY).sum()).sort(_KEY)
    found = [_posting(row, night) for row in whole.iter_rows(named=True)]
    return [posting for posting in found if posting.legs]


def _posting(row: dict[str, int | str], night: date) -> Posting:
    authority = Authority.INJURY if row["injury"] else Authority.MEDICAL
    institution, day = str(row["institution_id"]), date_of_day(int(row["day"]))
    name = f"{NIGHT}{night}:{day}:{institution}:{row['elsewhere']}"
    heading = Heading(Ledger(authority, str(row["region"])), name, day, f"night {night}")
    account = int(row["account_paid_fen"])
    benefit = Benefit(
        {fund: int(row[name]) for fund, name in _FUNDS.items() if row[name]},
        {"": account} if account else {},
    )
    if row["elsewhere"]:
        return to_region(heading, benefit, str(row["elsewhere"]))
    return to_provider(heading, benefit, institution)
