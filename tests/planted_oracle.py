"""What is wrong in planted facts, in SQL that was written apart from the rules."""

from collections.abc import Iterator

import duckdb
import polars as pl

from engine.rules.facts import Facts
from tests.planted_rules import Wrong

WHOLE = {
    "duplicate_settlement": """select b.settlement_id from s a join s b using
        (person_id, institution_id, begin_day, end_day, total_fen)
        where a.disease_code is not distinct from b.disease_code and a.visit_id <> b.visit_id
        and a.settled_at < b.settled_at""",
    "benefit_from_two_schemes": """select b.settlement_id from s a join s b using
        (person_id, institution_id, begin_day, end_day, total_fen)
        where a.disease_code is not distinct from b.disease_code and a.insurance <> b.insurance
        and a.settled_at < b.settled_at""",
    "overlapping_stays": """select b.settlement_id from s a join s b using (person_id)
        where a.visit_kind = 7 and b.visit_kind = 7 and a.institution_id <> b.institution_id
        and a.visit_id <> b.visit_id and a.begin_day < b.begin_day and b.begin_day < a.end_day
        and b.begin_day < b.end_day""",
    "care_after_death": """select settlement_id from s join r on subject = person_id
        where register = 'deaths' and begin_day > begins + 1""",
    "care_without_cover": """select settlement_id from s join r on subject = person_id
        where register = 'cover_stopped' and begin_day >= begins and begin_day < ends""",
    "institution_suspended": """select settlement_id from s join r on subject = institution_id
        where register = 'agreement_suspended' and begin_day >= begins and begin_day < ends
        and visit_kind not in (3, 10)""",
    "physician_not_allowed": """select settlement_id from s join r on subject = physician_id
        where register = 'not_licensed' and begin_day >= begins and begin_day < ends
        and visit_kind not in (3, 10)""",
}
VIEWS = """
create view limited as
    select settlement_id, row, quantity_e4, kind, low, sex from l join s using (claim)
    join m using (item);
create view aged as
    select l.*, settlement_id,
    date_sub('month', date '1970-01-01' + birth_day, date '1970-01-01' + day) as full_months
    from l join s using (claim);
create view charged as
    select l.*, settlement_id, person_id || '/' || institution_id || '/' ||
    year(date '1970-01-01' + day) who, settled_at, kind, high, "window" width
    from l join s using (claim) join m using (item)
    where kind in ('daily_quantity', 'period_quantity');
create view blocks as
    select *, (day - min(day) over (partition by who, item, kind)) // width block from charged;
create view used as
    select *, sum(quantity_e4) over (partition by who, item, kind, block
    order by day, settled_at, row rows unbounded preceding) used from blocks;
create view past as
    select settlement_id, row, least(quantity_e4, used - high) excess, kind from used
    where used > high;
create view beds as
    select settlement_id, row, quantity_e4, (end_day - begin_day + 1) * 10000 most,
    sum(quantity_e4) over (partition by claim, item order by day, row) used
    from l join s using (claim) join m using (item)
    where kind = 'category' and low = 1 and visit_kind = 7;
create view courses as
    select *, min(day) over (partition by claim, item) first_day from l;
create view compounds as
    select claim from l join m using (item) where kind = 'category' and low = 10
    group by claim having count(distinct item) > 1;
"""
LINES = {
    "item_limited_by_age": """select settlement_id, row, quantity_e4 from aged
        join m using (item) where kind = 'age' and (full_months >= high or full_months < low)""",
    "item_limited_by_level": """select settlement_id, row, quantity_e4 from l join s using (claim)
        join m using (item) where kind = 'hospital_level' and hospital_level between 8 and 10""",
    "item_limited_by_visit": """select settlement_id, row, quantity_e4 from l join s using (claim)
        join m using (item) where kind = 'visit'
        and list_contains(words, 'outpatient') = (visit_kind in (7, 10))""",
    "item_for_injury_only": """select settlement_id, row, quantity_e4 from limited
        where kind = 'injury_only'""",
    "item_for_maternity_only": """select settlement_id, row, quantity_e4 from limited
        where kind = 'maternity_only'""",
    "internet_item_out_of_scope": """select settlement_id, row, l.quantity_e4 from l
        join s using (claim) join m using (item) join n using (settlement_id)
        where m.kind = 'internet_scope' and record = 'internet_visit'""",
    "price_above_legal": """select settlement_id, row,
        amount_fen - round(quantity_e4::hugeint * high / 1e8) from l join s using (claim)
        join m using (item) where kind = 'legal_price' and price_e6 > high""",
    "item_limited_by_sex": """select settlement_id, row, quantity_e4 from limited
        where kind = 'sex' and sex <> low""",
    "item_past_daily_limit": """select settlement_id, row, excess from past
        where kind = 'daily_quantity'""",
    "item_past_period_limit": """select settlement_id, row, excess from past
        where kind = 'period_quantity'""",
    "item_past_course": """select settlement_id, row, quantity_e4 from courses
        join s using (claim) join m using (item)
        where kind = 'course' and day - first_day >= m."window" """,
    "beds_past_stay": """select settlement_id, row, least(quantity_e4, used - most) from beds
        where used > most""",
    "herb_never_paid": """select settlement_id, row, quantity_e4 from limited
        where kind = 'herb_never'""",
    "herb_used_alone": """select settlement_id, row, quantity_e4 from l join s using (claim)
        join m using (item) where kind = 'herb_single' and claim not in (from compounds)""",
    "bundled_item_charged": """select s.settlement_id, b.row, b.quantity_e4 from l a join m
        on m.item = a.item and kind = 'pair' join l b on b.claim = a.claim and b.day = a.day
        and list_contains(m.others, b.item) join s on s.claim = a.claim""",
}


def oracle(facts: Facts) -> Wrong:
    """Return what DuckDB finds wrong."""
    with duckdb.connect() as database:
        lines = pl.concat(facts.lines())
        tables = {
            "s": facts.settlements.collect(),
            "l": lines,
            "m": facts.limits,
            "r": facts.registers,
            "n": facts.records.collect(),
        }
        for name, frame in tables.items():
            database.register(name, frame.to_arrow())
        database.execute(VIEWS)
        return set(_asked(database))


def _asked(
    database: duckdb.DuckDBPyConnection,
) -> Iterator[tuple[str, str, int | None, int | None]]:
    for rule, query in WHOLE.items():
        for (settlement,) in database.execute(query).fetchall():
            yield rule, settlement, None, None
    for rule, query in LINES.items():
        for settlement, row, excess in database.execute(query).fetchall():
            yield rule, settlement, row, int(excess)
