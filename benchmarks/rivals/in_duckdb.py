"""The settle stage in DuckDB alone: `python -m benchmarks.rivals.in_duckdb FOLDER OUT`."""

import shutil
import sys
from pathlib import Path

import duckdb

RUNNING = (
    "over (partition by person_id order by settled_at, message_id, settlement_id "
    "rows unbounded preceding)"
)
STAY_ENDS = ["band_0", "band_1", "band_2"]
STAY_RATES = ["rate_0", "rate_1", "rate_2"]


def part(amount: str, ppm: str) -> str:
    """Return a share of an amount, rounded half up."""
    return f"((({amount}) * {ppm} + 500000) // 1000000)"


def segments(low: str, high: str, ends: list[str], rates: list[str]) -> str:
    """Return the payment for the cost from low to high, by bands."""
    begins = ["0", *ends[:-1]]
    parts = [
        f"greatest(least({high}, {end}) - greatest({low}, {begin}), 0) * {rate}"
        for begin, end, rate in zip(begins, ends, rates, strict=True)
    ]
    return f"(({' + '.join(parts)} + 500000) // 1000000)"


def serious(total: str) -> str:
    """Return what the third layer pays for the whole of a year's burden."""
    ends = ["serious_band_0", "serious_band_1", "4611686018427387904"]
    above = f"greatest({total} - serious_from, 0)"
    return segments("0", above, ends, [f"serious_rate_{k}" for k in range(3)])


BUCKETS = """
create temp table buckets as
with joined as (
  select l.claim, l.amount_fen, l.quantity_e4, c.price_level,
    l.day >= o.valid_from and l.day < o.valid_to as has_own,
    o.item_class own_class, o.first_share_ppm own_ppm,
    a.item_class all_class, a.first_share_ppm all_ppm,
    case c.price_level when 1 then o.ceiling_price_1_e6 when 2 then o.ceiling_price_2_e6
      else o.ceiling_price_3_e6 end own_ceiling,
    case c.price_level when 1 then a.ceiling_price_1_e6 when 2 then a.ceiling_price_2_e6
      else a.ceiling_price_3_e6 end all_ceiling,
    l.day >= a.valid_from and l.day < a.valid_to as has_all
  from read_parquet('{folder}/lines.parquet') l
  left join read_parquet('{folder}/claims.parquet') c on c.claim = l.claim
  left join catalogue o on o.item = l.item and o.region = c.care_region
  left join everywhere a on a.item = l.item),
found as (
  select claim, amount_fen,
    case when has_own then own_class when has_all then all_class else 3 end item_class,
    case when has_own then own_ppm when has_all then all_ppm end ppm,
    least(amount_fen, coalesce((
      (case when has_own then own_ceiling when has_all then all_ceiling end) * quantity_e4
      + 50000000) // 100000000, amount_fen)) most
  from joined),
shared as (
  select *, case when item_class = 2
    then (most * coalesce(ppm, 100000) + 500000) // 1000000 else 0 end share
  from found)
select claim,
  sum(case when item_class = 3 then amount_fen else 0 end)::bigint off_list,
  sum(case when item_class = 3 then 0 else amount_fen - most end)::bigint over_price,
  sum(case when item_class = 3 then 0 else share end)::bigint first_share,
  sum(case when item_class = 3 then 0 else most - share end)::bigint covered
from shared group by claim
"""

SETTLED = f"""
create temp table settled as
with placed as (
  select c.*, b.* exclude (claim),
    t.* exclude (home_region, insurance, person_type, deductible_level),
    coalesce(s.stays, 0) stays, coalesce(s.cost, 0) cost, coalesce(s.burden, 0) burden,
    coalesce(s.visit_deductible, 0) visit_deductible, coalesce(p.account_balance_fen, 0) balance,
    c.visit_kind = 7 stay
  from read_parquet('{{folder}}/claims.parquet') c
  left join buckets b on b.claim = c.claim
  left join read_parquet('{{folder}}/terms.parquet') t on t.home_region = c.home_region
    and t.insurance = c.insurance and t.person_type = c.person_type
    and t.deductible_level = c.deductible_level
  left join state s on s.person_id = c.person_id
  left join read_parquet('{{folder}}/persons.parquet') p on p.person_id = c.person_id),
a as (
  select *, if(stay, covered, 0) cost_in, if(stay, 0, covered) cost_out,
    stays + sum(stay::int) {RUNNING} stays_after,
    cost + sum(if(stay, covered, 0)) {RUNNING} cost_sum,
    visit_deductible + sum(if(stay, 0, covered)) {RUNNING} visit_sum
  from placed),
b as (
  select *, if(stay, stays_after - 1, 0) ordinal, least(band_2, cost_sum - cost_in) low,
    least(band_2, cost_sum) high,
    least(visit_due, visit_sum) - least(visit_due, visit_sum - cost_out) visit_part,
    least(visit_due, visit_sum) visit_deductible_after
  from a),
c as (
  select *, if(stay, least(case ordinal when 0 then stay_0 when 1 then stay_1 else stay_2 end,
    high - low), 0) deductible
  from b),
d as (
  select *,
    if(stay, {segments("low + deductible", "high", STAY_ENDS, STAY_RATES)}, 0) basic_paid,
    {part("cost_in - (high - low)", "large_ppm")} large_part,
    {part("cost_out - visit_part", "visit_ppm")} visit_share
  from c),
e as (
  select *, high - low - basic_paid as carried,
    sum(large_part) {RUNNING} large_sum, sum(visit_share) {RUNNING} visit_paid_sum,
    burden + sum(high - low - basic_paid) {RUNNING} burden_after
  from d),
f as (
  select *, least(large_cap, large_sum) - least(large_cap, large_sum - large_part) large_paid,
    least(visit_cap, visit_paid_sum) - least(visit_cap, visit_paid_sum - visit_share) visit_paid,
    least(greatest({serious("burden_after")} - {serious("(burden_after - carried)")}, 0),
      greatest(burden_after - serious_from, 0)
      - greatest(burden_after - carried - serious_from, 0)) serious_paid
  from e),
g as (
  select *, if(has_account, if(stay, carried - serious_paid, cost_out - visit_paid), 0) own from f),
h as (select *, sum(own) {RUNNING} own_sum from g)
select *, least(balance, own_sum) - least(balance, own_sum - own) account,
  basic_paid + visit_paid + large_paid + serious_paid funds
from h
"""

TOLD = """
copy (select claim, settlement_id, message_id, visit_id, person_id, institution_id, home_region,
  care_region, disease_code, insurance, visit_kind, person_type, deductible_level, begin_day,
  end_day, settled_at, ordinal::bigint ordinal, total_fen, off_list self_pay_off_list_fen,
  over_price self_pay_over_price_fen, first_share self_pay_first_share_fen, covered covered_fen,
  (deductible + visit_part)::bigint deductible_paid_fen,
  (basic_paid + visit_paid)::bigint pool_paid_fen,
  large_paid::bigint large_amount_paid_fen, serious_paid::bigint serious_illness_paid_fen,
  funds::bigint fund_total_fen, account::bigint account_paid_fen,
  (total_fen - funds - account)::bigint cash_paid_fen, (total_fen - funds)::bigint person_total_fen,
  (basic_paid + visit_paid)::bigint layer_1_paid_fen, large_paid::bigint layer_2_paid_fen,
  serious_paid::bigint layer_3_paid_fen,
  if(stay, -1, visit_cap - least(visit_cap, visit_paid_sum - visit_share))::bigint
    layer_1_cap_left_fen,
  if(stay, large_cap - least(large_cap, large_sum - large_part), -1)::bigint
    layer_2_cap_left_fen
  from settled) to '{out}/settlements.parquet' (format parquet, compression lz4)
"""

CLOSING = """
copy (select person_id, max(stays_after)::bigint stays, max(high)::bigint cost,
  max(least(large_cap, large_sum))::bigint large, max(burden_after)::bigint burden,
  max(visit_deductible_after)::bigint visit_deductible,
  max(least(visit_cap, visit_paid_sum))::bigint visit_paid,
  min(balance - least(balance, own_sum))::bigint account_balance
  from settled group by person_id) to '{out}/accumulators.parquet' (format parquet, compression lz4)
"""

STATE = """
create temp table state as
select person_id, sum(value) filter (counter = 'stays')::bigint stays,
  (sum(value) filter (counter = 'cost') // 1000000)::bigint cost,
  (sum(value) filter (counter = 'burden') // 1000000)::bigint burden,
  (sum(value) filter (counter = 'visit_deductible') // 1000000)::bigint visit_deductible
from read_parquet('{folder}/past.parquet') group by person_id
"""

CATALOGUE = """
create temp table catalogue as
select * from read_parquet('{folder}/catalogue.parquet') where region <> '*';
create temp table everywhere as
select * from read_parquet('{folder}/catalogue.parquet') where region = '*'
"""


def run(folder: Path, out: Path) -> None:
    """Settle the claims of a folder and write settlements and accumulators."""
    with duckdb.connect() as connection:
        connection.execute("set preserve_insertion_order = false")
        connection.execute(f"set temp_directory = '{out}'")
        for statement in (CATALOGUE, BUCKETS, STATE, SETTLED, TOLD, CLOSING):
            connection.execute(statement.format(folder=folder, out=out))


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    run(source, target)
