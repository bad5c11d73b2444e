"""Checks policy files one by one, so that an error in one does not hide those of another."""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.errors import PolicyError
from engine.policy.book import (
    PolicyBook,
    Scheme,
    known_sources,
    load_scheme,
    policy_files,
    source_files,
)
from engine.policy.compiler import compile_book
from engine.policy.reader import read_document
from engine.policy.review.dates import review_dates
from engine.policy.review.finding import Finding, refusal
from engine.policy.review.rates import review_rates
from engine.policy.review.reach import review_reach
from engine.policy.review.sources import review_sources
from engine.policy.review.use import review_use


@dataclass(frozen=True)
class Checked:
    """What a check found; places and schemes count the files that could be read."""

    places: int
    schemes: int
    findings: tuple[Finding, ...]

    def count(self, level: str) -> int:
        """Return how many findings have a level."""
        return sum(finding.level == level for finding in self.findings)


def check(folder: Path, today: datetime.date) -> Checked:
    """Return the errors and warnings of the policy files under a folder, or of one file.

    Raises:
        PolicyError: there is no policy file, or the list of sources cannot be read.
    """
    schemes: list[Scheme] = []
    refused: list[Finding] = []
    known = known_sources(folder)
    for path in policy_files(folder):
        try:
            schemes.append(load_scheme(path, folder, known))
        except PolicyError as error:
            refused.append(refusal(error, path.name))
    if not refused:
        refused += _refused_together(schemes)
    warnings = [finding for scheme in schemes for finding in _reviewed(scheme, today)]
    if not refused and folder.is_dir():
        # A file that could not be read may cite what the others do not.
        warnings += _uncited(folder, schemes)
    places = {scheme.file.region for scheme in schemes}
    return Checked(len(places), len(schemes), (*refused, *warnings))


def _refused_together(schemes: Iterable[Scheme]) -> Iterator[Finding]:
    """Return what is wrong only because of other files: one scheme twice, ids that collide."""
    try:
        compile_book(PolicyBook(schemes))
    except PolicyError as error:
        yield refusal(error, "")


def _reviewed(scheme: Scheme, today: datetime.date) -> Iterator[Finding]:
    yield from review_dates(scheme, today)
    yield from review_use(scheme)
    yield from review_reach(scheme)
    yield from review_rates(scheme)


def _uncited(folder: Path, schemes: list[Scheme]) -> Iterator[Finding]:
    """Return uncited sources of the folder's own list; that of others serves other folders."""
    for path in source_files(folder):
        if path.parent in {folder, folder.parent}:
            yield from review_sources(read_document(path), schemes)
