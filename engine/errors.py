"""The errors that the engine raises.

EngineError
├── ClaimError        what a caller sent cannot be used: a claim, a line, a code, an amount
├── PolicyError       our policy data is wrong or has no answer; knows file and line
├── CaseError         the event may not follow the events that a case already has
├── StorageError      stored data is missing, locked, damaged or of another version
└── InvariantError    our own bug: the run stops and none of its amounts may be used
"""

from typing import TypeAlias

Fact: TypeAlias = str | int | tuple[str, ...] | None


class EngineError(Exception):
    """An error with a stable code, a message in two languages and the facts behind it.

    Each message says what is wrong, with which value, why that matters and what to do.

    Attributes:
        code: stable identifier in snake case; callers branch on it, never on the text.
        message_zh: the message in Chinese.
        message_en: the same message in English.
        facts: the values that the message speaks of, by name.

    Example:
        >>> error = EngineError("no_visit", "没有就诊 V1", "there is no visit V1", visit="V1")
        >>> error.code, error.facts["visit"]
        ('no_visit', 'V1')
        >>> str(error)
        '[no_visit] 没有就诊 V1 | there is no visit V1'
    """

    def __init__(self, code: str, message_zh: str, message_en: str, **facts: Fact) -> None:
        super().__init__(code, message_zh, message_en)
        self.code = code
        self.message_zh = message_zh
        self.message_en = message_en
        self.facts = facts

    def __str__(self) -> str:
        return f"[{self.code}] {self.message_zh} | {self.message_en}"

    def __reduce__(self) -> tuple[object, ...]:
        # The default replays __init__ with positional arguments alone, which would lose the
        # keyword facts when an error crosses from a worker process.
        return type(self).__new__, (type(self), *self.args), self.__dict__


class ClaimError(EngineError):
    """What a caller sent cannot be used as it stands."""


class PolicyError(EngineError):
    """A policy file is refused, or the policies have no answer.

    Attributes:
        file: the policy file as the reader names it, empty when no file is to blame.
        line: line in that file from 1, 0 when unknown.
        reason: why it is refused, in both languages, without the place.
        within: the document's top key that it stands under, empty when unknown.
    """

    def __init__(
        self, code: str, message_zh: str, message_en: str, *, file: str = "", line: int = 0
    ) -> None:
        place = f"{file}:{line}: " if line else f"{file}: " if file else ""
        super().__init__(code, place + message_zh, place + message_en, file=file, line=line)
        self.file = file
        self.line = line
        self.reason = f"{message_zh} | {message_en}"
        self.within = ""


class CaseError(EngineError):
    """An event may not follow the events that the case already has."""


class StorageError(EngineError):
    """Stored data is missing, locked, damaged or of another version."""


class InvariantError(EngineError):
    """Something that must always hold does not: a bug of ours, never of the caller."""

    def __init__(self, message: str, **facts: Fact) -> None:
        shown = "".join(f", {name}={value!r}" for name, value in facts.items())
        super().__init__(
            "invariant",
            f"程序内部约束被破坏（{message}{shown}），本次运行的金额不得使用，请报告此错误",
            f"an internal constraint broke ({message}{shown}); "
            "use no amount of this run and report this error",
            **facts,
        )


def ensure(condition: bool, message: str, **facts: Fact) -> None:  # noqa: FBT001 - a condition
    """Pass silently if the condition holds.

    Unlike the assert statement it stays when Python runs with -O.

    Raises:
        InvariantError: the condition is false; it carries the message and the facts.
    """
    if not condition:
        raise InvariantError(message, **facts)
