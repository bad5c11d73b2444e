"""What is declared and never used: counters, and the members of dimensions."""

import itertools
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from engine.policy.book import Scheme
from engine.policy.dimensions import DECLARED_AT
from engine.policy.review.finding import Finding, warning


def review_use(scheme: Scheme) -> Iterator[Finding]:
    """Return counters that nothing reads, and dimensions that no terms depend on."""
    yield from _counters(scheme)
    yield from _dimensions(scheme)


def _counters(scheme: Scheme) -> Iterator[Finding]:
    texts = [text for benefit in scheme.file.benefits.values() for text in _texts(benefit)]
    read = {text for text, reads in texts if reads}
    fed = {text for text, reads in texts if not reads}
    for name in scheme.file.counters:
        path = ("counters", name)
        if name not in read | fed:
            yield warning(
                scheme.document,
                "counter_unused",
                path,
                f"计数器 {name} 已声明而从未使用",
                f"the counter {name} is declared and never used",
            )
        elif name not in read:
            yield warning(
                scheme.document,
                "counter_unread",
                path,
                f"计数器 {name} 只有累加，没有任何待遇读取它",
                f"the counter {name} is fed, but nothing reads it",
            )


def _texts(said: BaseModel) -> Iterator[tuple[str, bool]]:
    """Return the free texts of a mapping, and whether what stands there reads a counter so called.

    Where a counter is the key of a mapping, it is only fed. Closed words name no counter, even if
    they are spelt like one; nor do names.
    """
    for name, field in type(said).model_fields.items():
        value = getattr(said, name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, BaseModel):
                yield from _texts(item)
            elif isinstance(item, dict):
                # What a layer feeds has its counters as keys, a table by dimension as values.
                yield from ((key, False) for key in item)
                yield from ((text, True) for text in item.values() if name == "ordinal")
            elif isinstance(item, str) and name != "name" and not _is_closed(field.annotation):
                yield item, True


def _is_closed(annotation: Any) -> bool:
    return get_origin(annotation) is Literal or any(map(_is_closed, get_args(annotation)))


def _dimensions(scheme: Scheme) -> Iterator[Finding]:
    benefits = itertools.chain.from_iterable(scheme.entries.values())
    used = {dimension for entry in benefits for dimension in entry.used}
    used |= {dimension for entry in scheme.line_entries for dimension in entry.used}
    for dimension, members in scheme.dimensions.members.items():
        if dimension in used or len(members) == 1:
            continue
        yield warning(
            scheme.document,
            "dimension_unused",
            (DECLARED_AT[dimension],),
            f"维度 {dimension} 分为 {', '.join(members)}，而没有任何待遇随之不同",
            f"{dimension} is divided into {', '.join(members)}, but no terms depend on it",
        )
