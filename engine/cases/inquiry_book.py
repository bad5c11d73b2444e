"""What an inquiry may be about, who decides it, and which facts speak of purpose: as data."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from engine.policy.reader import read_document

BOOK = Path(__file__).with_name("inquiry.yaml")
Subject = Literal["person", "provider"]
Decider = Literal["agency", "administration"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Strict):
    """A text in both languages."""

    zh: str
    en: str


class InquiryClass(_Strict):
    """A class of what an inquiry is about.

    Attributes:
        subjects: whom it can be about.
        basis: the articles, as a notice cites them.
        decides: which body; the agency decides nothing beyond its own classes.
        consequence: what may follow.
    """

    zh: str
    en: str
    subjects: tuple[Subject, ...]
    basis: tuple[str, ...]
    decides: Decider
    consequence: Words


class PurposeFact(_Strict):
    """A fact that the law ties to a purpose to defraud.

    Attributes:
        after_reminder: it is one only after a reminder that was not heeded.
    """

    subject: Subject
    zh: str
    en: str
    after_reminder: bool = False


class _PurposeFacts(_Strict):
    source: Words
    in_force: date
    facts: dict[str, PurposeFact]


class _Book(_Strict):
    classes: dict[str, InquiryClass]
    purpose_facts: _PurposeFacts
    originals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InquiryBook:
    """The classes in order, the mildest first, and what purpose needs.

    Attributes:
        facts_in_force: the day from which an act can show purpose by one of the facts.
        facts_source: the order that lists them.
        originals: kinds of originals that a fact must rest on.
    """

    classes: dict[str, InquiryClass]
    facts: dict[str, PurposeFact]
    facts_in_force: date
    facts_source: Words
    originals: tuple[str, ...]

    def rank(self, name: str) -> int:
        """Return the place of a class, 0 for the mildest."""
        return list(self.classes).index(name)


@cache
def inquiry_book() -> InquiryBook:
    """Return the book that comes with the product."""
    book = _Book.model_validate(read_document(BOOK, BOOK.name).value)
    listed = book.purpose_facts
    return InquiryBook(book.classes, listed.facts, listed.in_force, listed.source, book.originals)
