"""What terms may depend on: each dimension picks its member, and a missing fact has no terms."""

import pytest

from engine.errors import ClaimError
from tests.unit.engine.settlement.stories import Record, claim, layer, policy, tell

pytestmark = pytest.mark.kernel


def rated(rates: Record, **declared: object) -> Record:
    """Return a policy whose rate goes by a dimension that the file declares."""
    return policy(layer((None, rates))) | declared


def rates_paid(given: Record, *claims: Record, **person: object) -> list[object]:
    """Return the fund's share in per cent of claims of 100 yuan, or the code of those refused."""
    told = tell(given, *claims, person={"class": "active"} | person)
    paid = zip(told.statuses(), told.paid(), strict=True)
    return [fen // 100 if status == "settled" else status for status, fen in paid]


TIERS = rated({"first": "90%", "second": "80%"}, tiers=["first", "second"])
SEXES = rated({"male": "60%", "female": "70%"}, sexes=["male", "female"])
MONTHS = rated(
    {"short": "50%", "long": "70%"}, enrolled_months={"short": [0, 6], "long": [6, None]}
)
FILINGS = rated(
    {"near": "80%", "far": "60%"},
    filings={"near": ["local", "long_term"], "far": ["transfer", "emergency"]},
)
DISEASES = rated(
    {"tumour": "90%", "benign": "70%", "other": "60%"},
    diseases={"tumour": ["C", "D0"], "benign": ["D"], "other": []},
)


def test_a_premium_tier_has_its_own_rate() -> None:
    assert rates_paid(TIERS, claim("a", "100.00"), tier="second") == [80]


def test_a_claim_may_have_another_tier_than_the_person_has_now() -> None:
    claims = [claim("a", "100.00", tier="first"), claim("b", "100.00")]
    assert rates_paid(TIERS, *claims, tier="second") == [90, 80]


def test_an_unknown_tier_is_refused() -> None:
    with pytest.raises(ClaimError) as caught:
        rates_paid(TIERS, claim("a", "100.00"), tier="third")
    assert caught.value.code == "unknown_member"


@pytest.mark.parametrize(("sex", "rate"), [("male", 60), ("female", 70)])
def test_terms_may_differ_by_sex(sex: str, rate: int) -> None:
    assert rates_paid(SEXES, claim("a", "100.00"), sex=sex) == [rate]


@pytest.mark.parametrize(("months", "rate"), [(0, 50), (5, 50), (6, 70), (300, 70)])
def test_a_number_finds_its_half_open_range(months: int, rate: int) -> None:
    assert rates_paid(MONTHS, claim("a", "100.00"), enrolled_months=months) == [rate]


def test_a_number_beyond_the_last_range_has_no_terms() -> None:
    held_diseases = {"few": [0, 3], "many": [3, 6]}
    given = rated({"few": "70%", "many": "80%"}, registered_diseases=held_diseases)
    claims = [claim(str(held), "100.00", registered_diseases=held) for held in (2, 5, 6)]
    assert rates_paid(given, *claims) == [70, 80, "no_terms"]


def test_contribution_years_pick_the_row() -> None:
    years = {"under_30": [0, 30], "from_30": [30, None]}
    given = rated({"under_30": "80%", "from_30": "90%"}, contribution_years=years)
    claims = [claim(str(held), "100.00", contribution_years=held) for held in (29, 30)]
    assert rates_paid(given, *claims) == [80, 90]


def test_the_filing_picks_the_member_that_collects_it() -> None:
    words = ("local", "long_term", "transfer", "emergency")
    claims = [claim(word, "100.00", filing=word) for word in words]
    assert rates_paid(FILINGS, *claims) == [80, 80, 60, 60]


def test_a_filing_that_no_member_collects_has_no_terms() -> None:
    assert rates_paid(FILINGS, claim("a", "100.00", filing="not_filed")) == ["no_terms"]


def test_a_file_without_filings_settles_local_care_alone() -> None:
    given = policy(layer((None, "80%")))
    claims = [claim("a", "100.00", filing="long_term"), claim("b", "100.00")]
    assert rates_paid(given, *claims) == ["no_terms", 80]


@pytest.mark.parametrize(
    ("code", "rate"), [("C34.1", 90), ("D05", 90), ("D12", 70), ("E11", 60), ("c34", 60)]
)
def test_a_disease_belongs_to_the_group_of_its_longest_prefix(code: str, rate: int) -> None:
    assert rates_paid(DISEASES, claim("a", "100.00", disease=code)) == [rate]


@pytest.mark.parametrize("given", [TIERS, SEXES, MONTHS, DISEASES])
def test_a_fact_that_the_terms_ask_for_and_nobody_tells_leaves_no_terms(given: Record) -> None:
    assert rates_paid(given, claim("a", "100.00")) == ["no_terms"]
