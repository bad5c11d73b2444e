"""Whatever happens to money in the ledger, none of it appears or is lost."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from engine.codes.enums import Fund
from engine.ledger.benefits import Benefit, for_region, supersede, to_provider, to_region
from engine.ledger.payables import MonthOfFund, Payable, payable_of, payables, statement
from engine.ledger.postings import (
    AccountKind,
    Authority,
    Heading,
    Ledger,
    Posting,
    Purse,
    balances,
    cut,
    reversal,
)
from engine.ledger.recovery import (
    Available,
    Debt,
    demand,
    instalments,
    receipt_posting,
    repay,
    set_off,
    set_off_posting,
)

MEDICAL_FUNDS = [fund for fund in Fund if fund is not Fund.INJURY]
FEN = st.integers(0, 10**9)
BENEFITS = st.builds(
    Benefit,
    st.dictionaries(st.sampled_from(MEDICAL_FUNDS), FEN),
    st.dictionaries(st.sampled_from(["P1", "P2"]), FEN, max_size=2),
)
DEBTS = st.dictionaries(
    st.sampled_from([Purse(int(fund)) for fund in MEDICAL_FUNDS]), st.integers(1, 10**9), min_size=1
).map(lambda owed: Debt("decision", "P1", "P1", owed))
MONTHS = st.builds(
    MonthOfFund,
    recognised_fen=st.integers(-(10**9), 10**9),
    deducted_fen=FEN,
    prepaid_fen=FEN,
    retention_ppm=st.integers(0, 100_000),
    released_fen=FEN,
)


def heading(number: int, region: str = "610100") -> Heading:
    night = date(2024, 3, 1) + timedelta(days=number % 3)
    return Heading(Ledger(Authority.MEDICAL, region), str(number), night, "cause")


def ledger_of(benefits: Sequence[Benefit], debt: Debt) -> list[Posting]:
    """One posting of every kind, and the opposites of some."""
    injury = Benefit({Fund.INJURY: debt.total_fen}, {})
    made: list[Posting] = [demand(heading(900), debt)]
    for k, benefit in enumerate(benefits):
        direct = to_provider(heading(4 * k), benefit, "H1")
        made += [
            direct,
            to_region(heading(4 * k + 1), benefit, "110000"),
            for_region(heading(4 * k + 2, "110000"), benefit, "610100", "H2"),
            *supersede(direct, injury, "H1", heading(4 * k + 3)).postings,
        ]
        made.append(reversal(made[-6], heading(500 + k)))
    return made


@given(st.lists(BENEFITS, max_size=5), DEBTS)
def test_legs_sum_to_zero_by_posting_night_ledger_and_purse(
    benefits: list[Benefit], debt: Debt
) -> None:
    nights: Counter[tuple[Ledger, date, Purse]] = Counter()
    for posting in ledger_of(benefits, debt):
        assert sum(leg.amount_fen for leg in posting.legs) == 0
        for leg in posting.legs:
            key = posting.heading.ledger, posting.heading.night, leg.account.purse
            nights[key] += leg.amount_fen
    assert set(nights.values()) <= {0}


@given(st.lists(BENEFITS, max_size=5), DEBTS)
def test_no_posting_crosses_authorities(benefits: list[Benefit], debt: Debt) -> None:
    for posting in ledger_of(benefits, debt):
        purses = {leg.account.purse for leg in posting.legs}
        assert (
            purses <= {Purse.INJURY}
            if posting.heading.ledger.authority is Authority.INJURY
            else Purse.INJURY not in purses
        )


@given(BENEFITS, st.integers(0, 10**10))
def test_what_one_agency_claims_the_other_owes(benefit: Benefit, injury_fen: int) -> None:
    first = to_provider(heading(1), benefit, "H1")
    injury = Benefit({Fund.INJURY: injury_fen}, {})
    posted = balances([first, *supersede(first, injury, "H1", heading(2)).postings])
    between = [fen for (_, account), fen in posted.items() if account.kind is AccountKind.AGENCY]
    with_provider = [
        fen for (_, account), fen in posted.items() if account.kind is AccountKind.PROVIDER_PAYABLE
    ]
    assert sum(between) == 0
    # The institution is owed what the injury fund pays, whichever agency it has it from.
    assert -sum(with_provider) == injury_fen


@given(BENEFITS)
def test_a_posting_and_its_reversal_leave_nothing(benefit: Benefit) -> None:
    first = to_provider(heading(1), benefit, "H1")
    assert balances([first, reversal(first, heading(2))]) == {}


@given(st.lists(MONTHS, min_size=1, max_size=12))
def test_over_any_year_what_is_paid_and_carried_is_what_was_due(months: list[MonthOfFund]) -> None:
    paid = carried = 0
    for month in months:
        with_debt = MonthOfFund(
            month.recognised_fen,
            month.deducted_fen,
            month.prepaid_fen,
            month.retention_ppm,
            month.released_fen,
            carried,
        )
        due: Payable = payable_of(with_debt)
        assert due.payable_fen == 0 or due.carried_fen == 0
        paid, carried = paid + due.payable_fen, due.carried_fen
    assert paid - carried == sum(
        month.recognised_fen
        + month.released_fen
        - month.deducted_fen
        - month.prepaid_fen
        - month.retained_fen
        for month in months
    )


@given(st.dictionaries(st.sampled_from([Purse.POOL, Purse.ASSISTANCE]), MONTHS), FEN)
def test_a_month_of_one_fund_does_not_touch_another(
    months: dict[Purse, MonthOfFund], more_fen: int
) -> None:
    alone = {purse: payable_of(month) for purse, month in months.items()}
    assert payables(months) == alone
    other = payables({**months, Purse.OTHER: MonthOfFund(-more_fen)})
    assert {purse: other[purse] for purse in months} == alone


@given(MONTHS)
def test_the_statement_brings_the_books_to_the_payable(month: MonthOfFund) -> None:
    due = payables({Purse.POOL: month})
    posted = balances([statement(heading(1), due, "H1")])
    owed = sum(
        fen for (_, account), fen in posted.items() if account.kind is AccountKind.PROVIDER_PAYABLE
    )
    payable = due[Purse.POOL]
    assert month.recognised_fen - owed == payable.payable_fen - payable.carried_fen


@given(DEBTS, st.integers(1, 36), st.data())
def test_instalments_sum_to_the_debt_and_so_does_each_funds_part(
    debt: Debt, count: int, data: st.DataObject
) -> None:
    count = min(count, debt.total_fen)
    days = [date(2024, 1, 1) + timedelta(days=31 * k) for k in range(count)]
    plan = instalments(debt, days)
    assert sum(one.amount_fen for one in plan) == debt.total_fen
    assert max(one.amount_fen for one in plan) - min(one.amount_fen for one in plan) <= 1
    left, back = debt, Counter[Purse]()
    for one in plan:
        repaid = repay(left, one.amount_fen)
        assert all(part >= 0 for part in repaid.parts.values())
        back.update(repaid.parts)
        left = repaid.left
    assert left.total_fen == 0
    assert dict(back) == dict(debt.owed)
    paid = data.draw(st.integers(1, debt.total_fen))
    posted = balances([demand(heading(1), debt), receipt_posting(heading(2), repay(debt, paid))])
    receivable = [f for (_, account), f in posted.items() if account.kind is AccountKind.RECEIVABLE]
    assert sum(receivable) == debt.total_fen - paid


@given(
    DEBTS, st.dictionaries(st.sampled_from([Purse.POOL, Purse.MATERNITY, Purse.OTHER]), FEN), FEN
)
def test_a_set_off_takes_what_it_repays_and_never_more_than_there_is(
    debt: Debt, payable: dict[Purse, int], account_fen: int
) -> None:
    taken = set_off(debt, Available(payable, account_fen))
    if taken is None:
        assert sum(payable.values()) + account_fen == 0
        return
    total = sum(taken.payable.values()) + taken.account_fen
    assert total == min(debt.total_fen, sum(payable.values()) + account_fen)
    assert total == sum(taken.repaid.parts.values())
    assert all(fen <= payable[purse] for purse, fen in taken.payable.items())
    assert taken.account_fen <= account_fen
    assert set_off_posting(heading(1), taken).legs


@given(st.dictionaries(st.sampled_from(Purse), FEN), st.data())
def test_a_cut_sums_to_its_amount_and_gives_none_more_than_its_weight(
    weights: dict[Purse, int], data: st.DataObject
) -> None:
    amount = data.draw(st.integers(0, sum(weights.values())))
    parts = cut(amount, weights)
    assert sum(parts.values()) == amount
    assert all(0 <= parts[purse] <= weights[purse] for purse in weights)
