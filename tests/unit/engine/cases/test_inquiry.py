"""Who may raise a class, on what, and who decides: the safeguards of an inquiry."""

import ast
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import engine
from engine.cases.inquiry import LIFE, Inquiry
from engine.cases.inquiry_book import inquiry_book
from engine.cases.life_cycle import CaseEvent
from engine.errors import CaseError

OPENED = ("opened", "an", {"subject_kind": "provider", "subject": "H1", "class": "breach",
                           "findings": ["S1"]})  # fmt: skip
HEARD = ("heard", "an", {"statement": "a new ward"})
FACT = ("purpose_recorded", "bo", {"fact": "settled_again", "acted_on": "2026-04-01",
                                   "original": "payment_record"})  # fmt: skip
RAISED = ("raised", "an", {"to": "suspected_fraud", "clause": "art. 40", "reason": "billed twice"})
TRANSFERRED = ("transferred", "cai", {"receipt": "no. 5"})
DECIDED = ("decided", "cai", {"decision": "no. 6"})

Told = tuple[str, str, dict[str, Any]]


def after(*told: Told) -> Inquiry:
    """Return an inquiry after events of 2 May 2026."""
    on = date(2026, 5, 2)
    return LIFE.fold(CaseEvent(event, on, actor, content) for event, actor, content in told)


def opened_as(**changed: Any) -> Told:
    return ("opened", "an", {**OPENED[2], **changed})


def test_a_breach_is_decided_by_the_agency_after_a_hearing_by_another() -> None:
    assert after(OPENED, HEARD, DECIDED).last.event == "decided"
    with pytest.raises(CaseError, match="not_heard"):
        after(OPENED, DECIDED)
    with pytest.raises(CaseError, match="same_person"):
        after(OPENED, HEARD, ("decided", "an", {"decision": "no. 6"}))


def test_suspected_fraud_needs_a_fact_that_another_has_recorded() -> None:
    assert after(OPENED, FACT, RAISED).of_class == "suspected_fraud"
    with pytest.raises(CaseError, match="no_purpose"):
        after(OPENED, RAISED)
    own = ("purpose_recorded", "an", FACT[2])
    with pytest.raises(CaseError, match="no_purpose"):
        after(OPENED, own, RAISED)


def test_no_inquiry_opens_as_suspected_fraud_or_without_findings() -> None:
    with pytest.raises(CaseError, match="no_purpose"):
        after(opened_as(**{"class": "suspected_fraud"}))
    with pytest.raises(CaseError, match="no_findings"):
        after(opened_as(findings=[]))


def test_suspected_fraud_is_handed_over_and_never_decided_by_the_agency() -> None:
    raised = (OPENED, FACT, RAISED, HEARD)
    with pytest.raises(CaseError, match="not_the_agencys"):
        after(*raised, DECIDED)
    assert after(*raised, TRANSFERRED).last.event == "transferred"
    with pytest.raises(CaseError, match="the_agencys"):
        after(OPENED, HEARD, TRANSFERRED)


def test_an_act_before_the_order_shows_no_purpose() -> None:
    early = ("purpose_recorded", "bo", {**FACT[2], "acted_on": "2026-03-31"})
    with pytest.raises(CaseError, match="before_order"):
        after(OPENED, early)


def test_a_fact_is_of_its_subject_and_rests_on_an_original() -> None:
    with pytest.raises(CaseError, match="purpose_fact"):
        after(OPENED, ("purpose_recorded", "bo", {**FACT[2], "fact": "resale"}))
    with pytest.raises(CaseError, match="purpose_fact"):
        after(OPENED, ("purpose_recorded", "bo", {**FACT[2], "fact": "score"}))
    with pytest.raises(CaseError, match="no_original"):
        after(OPENED, ("purpose_recorded", "bo", {**FACT[2], "original": "model_score"}))


def test_hiding_another_payer_counts_after_a_reminder_alone() -> None:
    person = opened_as(subject_kind="person", subject="N1", **{"class": "overpayment"})
    hid = ("purpose_recorded", "bo", {**FACT[2], "fact": "hid_other_payer"})
    with pytest.raises(CaseError, match="no_reminder"):
        after(person, hid)
    assert after(person, ("reminded", "an", {}), hid).purposes[0].fact == "hid_other_payer"


def test_a_class_can_be_lowered_after_a_decision_and_needs_a_reason_alone() -> None:
    lowered = ("lowered", "dai", {"to": "breach", "reason": "upheld on review"})
    ended = after(OPENED, FACT, RAISED, HEARD, TRANSFERRED, lowered)
    assert ended.of_class == "breach"
    with pytest.raises(CaseError, match="no_reason"):
        after(OPENED, FACT, RAISED, ("lowered", "dai", {"to": "breach", "reason": " "}))
    with pytest.raises(CaseError, match="not_lower"):
        after(OPENED, ("lowered", "dai", {"to": "violation", "reason": "x"}))


def test_a_class_is_raised_upwards_on_a_clause_and_for_its_subjects() -> None:
    with pytest.raises(CaseError, match="not_higher"):
        after(OPENED, ("raised", "bo", {"to": "breach", "clause": "3", "reason": "x"}))
    with pytest.raises(CaseError, match="no_clause"):
        after(OPENED, ("raised", "bo", {"to": "violation", "clause": "", "reason": "x"}))
    with pytest.raises(CaseError, match="class_subject"):
        after(opened_as(subject_kind="person", subject="N1"))
    with pytest.raises(CaseError, match="unknown_class"):
        after(opened_as(**{"class": "fraud"}))


def test_whoever_raised_does_not_decide_even_if_it_was_lowered_since() -> None:
    raised = ("raised", "bo", {"to": "violation", "clause": "art. 38", "reason": "x"})
    lowered = ("lowered", "cai", {"to": "breach", "reason": "y"})
    with pytest.raises(CaseError, match="same_person"):
        after(OPENED, HEARD, raised, lowered, ("decided", "bo", {"decision": "no. 6"}))


def test_the_book_lists_the_order_with_its_day_and_gives_fraud_to_nobody_here() -> None:
    book = inquiry_book()
    assert book.facts_in_force == date(2026, 4, 1)
    assert list(book.classes) == ["overpayment", "breach", "violation", "suspected_fraud"]
    assert [name for name, one in book.classes.items() if one.decides == "agency"] == [
        "overpayment", "breach",
    ]  # fmt: skip


def imports_of_inquiries() -> dict[str, set[str]]:
    """Return by source file what it imports that has to do with inquiries."""
    root = Path(engine.__file__).parents[1]
    found = {}
    for package in ("engine", "models", "pipelines", "api"):
        for path in (root / package).rglob("*.py"):
            names = {
                f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Import | ast.ImportFrom)
                for alias in node.names
            }
            if about := {name for name in names if "inquir" in name}:
                found[path.relative_to(root).as_posix()] = about
    return found


def test_no_rule_model_or_stage_can_take_a_step_of_an_inquiry() -> None:
    ours = ("engine/cases", "engine/storage/inquiries.py", "pipelines/commands/inquiry.py",
            "pipelines/reports/inquiry.py", "pipelines/cli.py")  # fmt: skip
    users = imports_of_inquiries()
    # Two read what stands in a case: they have what folds one, and nothing that writes a step.
    book = "engine.cases.inquiry_book.inquiry_book"
    assert users.pop("api/routes/cases.py") == {"engine.cases.inquiry", book}
    assert users.pop("engine/storage/investigated.py") == {"engine.cases.inquiry"}
    assert [user for user in users if not user.startswith(ours)] == []
    assert "pipelines/commands/inquiry.py" in users
