"""Refusals of the terms for pricing bill lines, with their code and line (marked `# here`)."""

import pytest

from tests.unit.engine.policy.policies import changed, marked_line, refusal


@pytest.mark.parametrize(
    ("code", "entry"),
    [
        ("item_shape", '  - of: {}  # here\n    day_limit: "1.00"\n'),
        ("item_shape", "  - of: {group: [implant]}  # here\n"),
        ("shape", '  - of: {class: [D]}  # here\n    ceiling: "1.00"\n'),
        ("unknown_category", '  - of: {category: [beds]}  # here\n    ceiling: "1.00"\n'),
        ("not_an_amount", "  - of: {class: [A]}\n    ceiling: 1  # here\n"),
        ("rate_above_one", "  - of: {class: [A]}\n    first_share: 101%  # here\n"),
        ("unknown_word", "  - of: {class: [A]}\n    stream: final  # here\n"),
        ("last_share", "  - of: {class: [A]}  # here\n    stream: final_share\n"),
        ("item_shape", "  - of: {class: [A]}\n    last_share: 10%  # here\n"),
        ("unknown_word", "  - of: {class: [A]}\n    over_ceiling: all  # here\n"),
        ("unknown_member", "  - of: {class: [A]}\n    only: {levels: [L2]}  # here\n"),
        ("unknown_member", "  - of: {class: [A]}\n    only: {diseases: [tumour]}  # here\n"),
        ("unknown_visit", "  - of: {class: [A]}\n    only: {visits: [hospital]}  # here\n"),
        (
            "slice_shape",
            "  - of: {class: [A]}\n    unit_price: {method: slices, table: []}  # here\n",
        ),
        (
            "slices_not_rising",
            (
                "  - of: {class: [A]}\n    unit_price:"
                ' {method: whole, table: [{to: "1", share: 0%}]}  # here\n'
            ),
        ),
    ],
)
def test_wrong_terms_of_items_are_refused(code: str, entry: str) -> None:
    text = changed("  class_b_first_share: 4%\n", f"  class_b_first_share: 4%\n  items:\n{entry}")
    error = refusal(text)
    assert (error.code, error.line) == (code, marked_line(text))
