"""Checked claims as engine events: identifiers become keys, dimensions become positions."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from engine.claims.columns import (
    NONE,
    Event,
    EventFlag,
    EventKind,
    Filing,
    Ints,
)
from engine.claims.keys import content_keys
from engine.claims.origin import Origin
from engine.codes.enums import Insurance, PersonType
from engine.policy.compiler import CompiledBook
from engine.policy.dimensions import disease_position
from engine.policy.insurances import SCHEME_OF
from engine.settlement.locate import calendar_date
from pipelines.steps.settle.claims import Codes, Integers, codes_of, frame_of, integers_of

DAY_SECONDS = 86_400
_PRINT_SEED = 0x5E771E


@dataclass(frozen=True)
class Coded:
    """The columns of few texts that events are made of."""

    home_region: Codes
    care_region: Codes
    institution: Codes
    disease: Codes
    level: Codes

    @classmethod
    def of(cls, claims: pa.Table) -> "Coded":
        """Return those of CLAIMS_CHECKED."""
        names = ("home_region", "care_region", "institution_id", "disease_code", "deductible_level")
        return cls(*(codes_of(claims, name) for name in names))

    def part(self, rows: slice) -> "Coded":
        """Return those of some claims."""
        return Coded(*(getattr(self, one.name).part(rows) for one in fields(self)))


def events_of(
    claims: pa.Table, persons: Ints, coded: Coded, book: CompiledBook
) -> Mapping[int, Integers]:
    """Return the columns of the events of checked claims, in the claims' order.

    A refund is a reversal, whose REF is not known here. Claims come with empty buckets: their
    lines fill them. What all events leave constant is not among the columns.

    Args:
        claims: CLAIMS_CHECKED.
        persons: the number of the person whose state each is settled from.
        coded: their columns of few texts.
        book: the policies.
    """

    def of(name: str) -> Integers:
        return integers_of(claims, name, NONE)

    scheme = _schemes(coded.home_region, of("insurance"), book)
    settled_at = of("settled_at")
    settled_day = (settled_at // DAY_SECONDS).astype(np.int32)
    by_end = np.array([one.file.claim_date == "end" for one in book.book.schemes] + [False])
    claim_day = np.where(by_end[scheme], of("end_day"), settled_day)
    refund = of("refund") == 1
    return {
        Event.KIND: np.where(refund, int(EventKind.REVERSAL), int(EventKind.CLAIM)).astype(np.int8),
        Event.PERSON: persons,
        Event.ORDER_TIME: settled_at,
        Event.ORDER_TIE: np.zeros(claims.num_rows, dtype=np.int64),
        Event.INSTITUTION: coded.institution.keys(),
        Event.VISIT: _stays(claims, (of("interim") == 1) | (of("segment") > 1)),
        Event.SEGMENT: of("segment"),
        Event.VISIT_KIND: of("visit_kind"),
        Event.SCHEME: scheme,
        Event.BEGIN_DAY: of("begin_day"),
        Event.END_DAY: of("end_day"),
        Event.SETTLED_DAY: settled_day,
        Event.LEVEL: _levels(scheme, coded.level, book),
        Event.PRICE_LEVEL: of("price_level"),
        Event.PERSON_CLASS: _classes(scheme, of("person_type"), book),
        Event.AGE: _ages(of("birth_day"), claim_day),
        Event.SEX: of("sex"),
        Event.FILING: np.where(_are_local(coded), int(Filing.LOCAL), of("filing")),
        Event.FLAGS: _flags(of("account_used"), of("interim"), of("origin")),
        Event.DISEASE: coded.disease.keys(),
        Event.DISEASE_GROUP: _disease_groups(scheme, coded.disease, book),
        Event.TOTAL: of("total_fen"),
    }


def _stays(claims: pa.Table, segments: NDArray[np.bool_]) -> Ints:
    """Return the key of the stay that each segment is part of, NONE for a stay billed whole."""
    stays = np.full(claims.num_rows, NONE, dtype=np.int64)
    rows = np.flatnonzero(segments)
    stays[rows] = stay_keys(frame_of(claims, ("institution_id", "visit_id"), rows))
    return stays


def stay_keys(claims: pl.DataFrame) -> Ints:
    """Return the key of each claim's visit at its institution."""
    visit = pl.concat_str("institution_id", "visit_id", separator="/")
    keys: Ints = content_keys(claims.select(visit).to_series()).to_numpy()
    return keys


def person_keys(persons: pl.Series) -> Ints:
    """Return numbers that tell a night's persons apart; whether they do, `bucket` checks."""
    numbers: Ints = persons.to_frame("person").select(person_key("person")).to_series().to_numpy()
    return numbers


def person_key(column: str) -> pl.Expr:
    """Return what `person_keys` returns of a column."""
    return (pl.col(column).hash() // 2).cast(pl.Int64)


def person_prints(persons: pl.Series) -> NDArray[np.uint64]:
    """Return numbers of another kind: two persons of one key have not one print as well."""
    return persons.hash(seed=_PRINT_SEED).to_numpy()


def _disease_groups(schemes: Integers, diseases: Codes, book: CompiledBook) -> Integers:
    """Return the position of each claim's disease among the groups of its scheme, or NONE."""
    groups = np.full(len(schemes), NONE, dtype=np.int16)
    for at, scheme in enumerate(book.book.schemes):
        if scheme.file.diseases:
            rows = np.flatnonzero(schemes == at)
            position = np.full(len(diseases.texts), NONE, dtype=np.int16)
            for code in np.unique(diseases.at[rows]).tolist():
                position[code] = disease_position(scheme.file, diseases.texts[code])
            groups[rows] = position[diseases.at[rows]]
    return groups


def _are_local(coded: Coded) -> NDArray[np.bool_]:
    """Return whether care is given within the region that insures.

    A region's code ends in zeros where it stands for all below it. Across regions the filing
    decides the terms, if the delivery tells it.
    """
    within = np.array(
        [
            [(care or "").startswith(_prefix(home or "")) for care in coded.care_region.texts]
            for home in coded.home_region.texts
        ]
    )
    local: NDArray[np.bool_] = within[coded.home_region.at, coded.care_region.at]
    return local


def _prefix(region: str) -> str:
    """Return a region's code without the pairs of zeros that end it."""
    while region.endswith("00"):
        region = region.removesuffix("00")
    return region


def _flags(account_used: Integers, interim: Integers, origin: Integers) -> Integers:
    online = (origin == int(Origin.SETTLED_ONLINE)).astype(np.int8)
    flags: Integers = (
        (account_used == 1) * np.int8(EventFlag.ACCOUNT_USED)
        + (interim == 1) * np.int8(EventFlag.INTERIM)
        + online * np.int8(EventFlag.SETTLED_ONLINE)
    )
    return flags


def _ages(birth_day: Integers, claim_day: Integers) -> Integers:
    """Return full years from birth to the claim date; a birthday is a year's first day."""
    if not len(birth_day):
        return birth_day
    first = int(min(birth_day.min(), claim_day.min()))
    last = int(max(birth_day.max(), claim_day.max()))
    year, month, day = calendar_date(np.arange(first, last + 1))  # type: ignore[arg-type]
    dates = np.asarray(year * 10_000 + month * 100 + day, dtype=np.int32)
    ages: Integers = (dates[claim_day - first] - dates[birth_day - first]) // 10_000
    return ages.astype(np.int16)


def _schemes(regions: Codes, insurance: Integers, book: CompiledBook) -> Integers:
    """Return the position of each claim's scheme in the book, NONE where there is none."""
    known = np.full((len(regions.texts), max(Insurance) + 1), NONE, dtype=np.int16)
    insurance_of = {name: one for one, name in SCHEME_OF.items()}
    place = {text: at for at, text in enumerate(regions.texts)}
    for at, scheme in enumerate(book.book.schemes):
        region, name = scheme.key
        if name in insurance_of and region in place:
            known[place[region], insurance_of[name]] = at
    schemes: Integers = known[regions.at, insurance]
    return schemes


def _levels(schemes: Integers, levels: Codes, book: CompiledBook) -> Integers:
    """Return the position of each claim's level in its scheme, NONE where there is none."""
    # The last row is that of no scheme: NONE finds it.
    known = np.full((len(book.book.schemes) + 1, len(levels.texts)), NONE, dtype=np.int16)
    place = {text: at for at, text in enumerate(levels.texts)}
    for at, scheme in enumerate(book.book.schemes):
        for k, level in enumerate(scheme.file.levels):
            if level in place:
                known[at, place[level]] = k
    found: Integers = known[schemes, levels.at]
    return found


def _classes(schemes: Integers, person_type: Integers, book: CompiledBook) -> Integers:
    """Return the position of each claim's person class in its scheme, NONE where there is none.

    The reference's class may differ from the visit's own; the claim says what it was then.
    """
    known = np.full((len(book.book.schemes) + 1, max(PersonType) + 1), NONE, dtype=np.int16)
    for at, scheme in enumerate(book.book.schemes):
        for k, kinds in enumerate(scheme.file.person_classes.values()):
            for kind in kinds:
                known[at, PersonType[kind.upper()]] = k
    found: Integers = known[schemes, person_type]
    return found
