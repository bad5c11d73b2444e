"""What no score may be built from, whoever asks: checked wherever a column becomes a feature."""

import re
from collections.abc import Iterable

from engine.errors import EngineError

REFUSED: dict[str, str] = {
    "ethnicity": r"ethnic|(?<![a-z])race(?![a-z])|nation(?!al)|minority|民族",
    "origin": r"hukou|origin|birthplace|household_?regist|户籍|户口|籍贯|出生地",
    "disability": r"disab|handicap|残疾|残障",
    "poverty aid": (
        r"poverty|poor|civil_?aid|assistance|subsistence|allowance|低保|救助|贫困|优抚|特困"
    ),
    "religion": r"religio|faith|宗教",
    "label": r"label|fraud|verdict|sustained|(?<![a-z])fold(?![a-z])|标签",
}
"""Group → pattern of names. A label is refused for another reason: it is the answer."""

_PATTERNS = {group: re.compile(pattern, re.IGNORECASE) for group, pattern in REFUSED.items()}


def refused_group(name: str) -> str | None:
    """Return the refused group that a name belongs to, or None."""
    return next((group for group, pattern in _PATTERNS.items() if pattern.search(name)), None)


def refuse(names: Iterable[str]) -> None:
    """Pass silently if none of the names is refused.

    Raises:
        EngineError: `refused_feature`, with the name and its group.
    """
    for name in names:
        group = refused_group(name)
        if group is not None:
            raise EngineError(
                "refused_feature",
                f"特征“{name}”属于禁用类别（{group}），不得进入任何评分；请从登记表中删除",
                f"feature {name!r} is of a refused group ({group}) and may enter no score; "
                "remove it from the registry",
                name=name,
                group=group,
            )
