"""Reads the files that claims by hand, cases of work injury and recorded facts are given in."""

import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import ClaimError
from engine.policy.reader import read_document

Model = TypeVar("Model", bound=BaseModel)


class _Form(BaseModel):
    """A file of a claim or a case; person and event have the form of a case file's."""

    model_config = ConfigDict(extra="forbid", strict=True)

    person: dict[str, Any]
    event: dict[str, Any]


class _Entry(_Form):
    invoices: list[Annotated[str, Field(min_length=1, max_length=64)]]
    institution: str | None = None


class _Bill(_Form):
    settlement: str
    mode: Literal["last_first", "cascade", "keep"] | None = None


def read_entry(path: Path) -> dict[str, Any]:
    """Return an entry file as a claim is entered with it: invoices, institution, person, event.

    Raises:
        PolicyError: it is no valid YAML.
        ClaimError: `entry_format`, it is not of the form.
    """
    return read_form(path, _Entry).model_dump(exclude_none=True)


def read_bill(path: Path) -> dict[str, Any]:
    """Return the file of a bill that the injury fund takes over: settlement, person, event, mode.

    Raises:
        PolicyError: it is no valid YAML.
        ClaimError: `entry_format`, it is not of the form.
    """
    return read_form(path, _Bill).model_dump(exclude_none=True)


def read_form(path: Path, form: type[Model]) -> Model:
    """Return a file of a form, its dates as text.

    Raises:
        PolicyError: it is no valid YAML.
        ClaimError: `entry_format`, it is not of the form.
    """
    value = _texts(read_document(path, path.name).value)
    try:
        return form.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        keys = ", ".join(field.alias or name for name, field in form.model_fields.items())
        raise ClaimError(
            "entry_format",
            f"文件 {path.name} 的 {place or '内容'} 不合格式；可有的键是 {keys}",
            f"the file {path.name} is not of the form at {place or 'its top'}; its keys are {keys}",
            place=place,
        ) from error


def _texts(value: Any) -> Any:
    """Return YAML values with dates as text, as a message writes them."""
    if isinstance(value, dict):
        return {key: _texts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_texts(inner) for inner in value]
    return value.isoformat() if isinstance(value, datetime.date) else value
