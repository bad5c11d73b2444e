"""Shape 40: fund amounts are rounded half up once, and whatever is left is the person's."""

import pytest

from tests.unit.engine.settlement.stories import burden, claim, layer, policy, tell


@pytest.mark.parametrize(
    ("total", "paid"), [("0.01", 1), ("0.03", 2), ("0.05", 3), ("100.00", 5000)]
)
def test_shape_40_a_fund_amount_is_rounded_half_up_to_the_fen(total: str, paid: int) -> None:
    # 50 % of 0.01, 0.03 and 0.05: 0.005, 0.015 and 0.025.
    assert tell(policy(layer((None, "50%"))), claim("a", total)).paid() == [paid]


def test_shape_40_what_lies_between_is_exact() -> None:
    # 0.01 x 50 % + 0.01 x 50 % = 0.01; rounded band by band it would be 0.02.
    table = [("0.01", "50%"), (None, "50%")]
    assert tell(policy(layer(*table)), claim("a", "0.02")).paid() == [1]
    assert tell(policy(layer(*table, rounding="band")), claim("a", "0.02")).paid() == [2]


def test_shape_40_a_rate_may_carry_decimals() -> None:
    # 1000.01 x 89.5 % = 895.00895
    assert tell(policy(layer((None, "89.5%"))), claim("a", "1000.01")).paid() == [89501]


def test_shape_40_the_persons_part_is_the_rest_and_not_rounded_apart() -> None:
    # 545.45 x 50 % = 272.725: both halves rounded apart would come to 545.46.
    told = tell(policy(layer((None, "50%"))), claim("a", "545.45"))
    assert told.paid() == [27273]
    assert told.fen("person_total") == [27272]


def test_shape_40_each_fund_is_rounded_once_on_what_the_one_before_left() -> None:
    # 0.03 x 50 % = 0.015, so 0.02; 0.01 is left, of which 50 % is 0.005, so 0.01.
    layers = [layer((None, "50%")), burden((None, "50%"))]
    told = tell(policy(*layers), claim("a", "0.03"))
    assert (told.paid(), told.paid("serious_illness")) == ([2], [1])
    assert told.fen("person_total") == [0]
