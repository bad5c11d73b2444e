"""The dimensions of a policy file: what its values may depend on, and who falls under what."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from engine.claims.columns import NONE, Filing
from engine.codes.enums import PersonType
from engine.policy import schema
from engine.policy.reader import Document
from engine.policy.tables import Dimension
from engine.policy.values import Dimensions

DIMENSIONS = tuple(dimension.name.lower() for dimension in Dimension)
DECLARED_AT = {name: name for name in DIMENSIONS} | {
    "level": "levels",
    "person_class": "person_classes",
    "age": "ages",
    "tier": "tiers",
    "sex": "sexes",
    "filing": "filings",
    "disease": "diseases",
}
"""Dimension -> the key of the file that declares its members."""

RANGES = ("age", "enrolled_months", "contribution_years", "registered_diseases")
"""The dimensions whose members are half-open ranges of a number."""

OTHER_DISEASES = "other"
NO_CODE = "-"
"""A disease code that no prefix of a file begins."""

PERSON_TYPES = {kind.name.lower() for kind in PersonType}


def read_dimensions(file: schema.SchemeFile, document: Document) -> Dimensions:
    """Return a file's dimensions with their members; those without any are left out.

    Raises:
        PolicyError: members are named twice, leave a gap, or collect what another one does.
    """
    members: dict[str, tuple[str, ...]] = {}
    for dimension, key in DECLARED_AT.items():
        if dimension in RANGES:
            members[dimension] = tuple(name for name, _, _ in ranges_of(file, dimension))
        else:
            members[dimension] = tuple(getattr(file, key))
    names = [name for group in members.values() for name in group]
    if len(set(names)) != len(names):
        raise document.error(
            "member_twice",
            (),
            "同一成员名出现在两个维度",
            "a member's name stands in two dimensions",
        )
    _check_collected(document, "person_classes", file.person_classes, PERSON_TYPES)
    _check_filings(file, document)
    _check_diseases(file, document)
    for dimension in RANGES:
        _check_ranges(file, document, dimension)
    return Dimensions({name: group for name, group in members.items() if group})


def ranges_of(file: schema.SchemeFile, dimension: str) -> list[tuple[str, int, int | None]]:
    """Return the members of a dimension of numbers with their half-open bounds, lowest first."""
    declared = getattr(file, DECLARED_AT[dimension])
    found = [(name, bounds[0], bounds[1]) for name, bounds in declared.items()]
    return sorted(found, key=lambda item: item[1])


def member_of(file: schema.SchemeFile, dimension: str, value: str | int | None) -> str | None:
    """Return the member that a claim of this value falls under; None: there is none.

    A value is a member's name (tier, sex), a word of Filing, a disease's code, or a number.
    """
    if dimension in RANGES:
        for name, lower, upper in ranges_of(file, dimension):
            if isinstance(value, int) and lower <= value and (upper is None or value < upper):
                return name
        return None
    members = list(getattr(file, DECLARED_AT[dimension]))
    if dimension == "filing":
        return next((name for name, words in file.filings.items() if value in words), None)
    if dimension == "disease":
        position = disease_position(file, str(value))
        return None if position == NONE else members[position]
    return str(value) if value in members else None


def examples_of(file: schema.SchemeFile, dimension: str) -> list[str | int]:
    """Return a value of each member of a dimension, as `member_of` takes them."""
    if dimension in RANGES:
        return [lower for _, lower, _ in ranges_of(file, dimension)]
    declared = getattr(file, DECLARED_AT[dimension])
    if dimension == "filing":
        return [words[0] for words in declared.values() if words]
    if dimension == "disease":
        return [(group or [NO_CODE])[0] for group in declared.values()]
    return list(declared)


def filing_positions(file: schema.SchemeFile) -> list[int]:
    """Return, for each Filing, the position of the member that collects it, or NONE."""
    positions = [NONE] * len(Filing)
    for position, words in enumerate(file.filings.values()):
        for word in words:
            positions[Filing[word.upper()]] = position
    if not file.filings:
        positions[Filing.LOCAL] = 0
    return positions


def disease_position(file: schema.SchemeFile, code: str | None) -> int:
    """Return the position of a disease code's group: that of its longest prefix, else `other`.

    NONE where the claim names no disease or the file has no groups.
    """
    if not code or not file.diseases:
        return NONE
    prefixes = tuple((name, tuple(group)) for name, group in file.diseases.items())
    return _group_position(prefixes, code)


@lru_cache(maxsize=100_000)
def _group_position(groups: tuple[tuple[str, tuple[str, ...]], ...], code: str) -> int:
    found, longest = [name for name, _ in groups].index(OTHER_DISEASES), 0
    for position, (_, prefixes) in enumerate(groups):
        for prefix in prefixes:
            if code.startswith(prefix) and len(prefix) > longest:
                found, longest = position, len(prefix)
    return found


def _check_collected(
    document: Document, key: str, groups: Mapping[str, Iterable[str]], known: set[str]
) -> None:
    collected: set[str] = set()
    for name, words in groups.items():
        unknown = sorted(set(words) - known)
        twice = sorted(collected & set(words))
        if unknown or twice:
            raise document.error(
                "person_types" if key == "person_classes" else key,
                (key, name),
                f"没有 {unknown} 这些取值，或 {twice} 已归另一成员",
                f"there is no {unknown}, or another member collects {twice} already",
            )
        collected |= set(words)


def _check_filings(file: schema.SchemeFile, document: Document) -> None:
    _check_collected(document, "filings", file.filings, {filing.name.lower() for filing in Filing})
    if file.filings and not any("local" in words for words in file.filings.values()):
        raise document.error(
            "filings",
            ("filings",),
            "须有一个成员包含 local：本地就医也要有待遇",
            "one member must collect `local`: care at home has terms too",
        )


def _check_diseases(file: schema.SchemeFile, document: Document) -> None:
    groups = file.diseases
    prefixes = [prefix for group in groups.values() for prefix in group]
    empty = [name for name, group in groups.items() if not group]
    if groups and (empty != [OTHER_DISEASES] or len(set(prefixes)) != len(prefixes)):
        raise document.error(
            "diseases",
            ("diseases",),
            "diseases 须恰有一个空组 other: []，其余各组写病种编码前缀，且不得重复",
            "diseases has exactly one empty group, `other: []`; the others list prefixes of "
            "disease codes, none of them twice",
        )


def _check_ranges(file: schema.SchemeFile, document: Document, dimension: str) -> None:
    key = DECLARED_AT[dimension]
    reached: int | None = 0
    for name, lower, upper in ranges_of(file, dimension):
        if lower != reached or (upper is not None and upper <= lower):
            raise document.error(
                key,
                (key, name),
                f"{key} 各段须自 0 起首尾相接",
                f"{key} must join end to end from 0",
            )
        reached = upper
    if dimension == "age" and file.ages and reached is not None:
        raise document.error(
            "ages", ("ages",), "最后的年龄段须写 null", "the last age has no end: null"
        )
