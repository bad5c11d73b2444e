"""Reads the file by which an inquiry is opened."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.errors import ClaimError
from engine.policy.reader import read_document


class _Opening(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    subject_kind: Literal["person", "provider"]
    subject: str
    region: str
    of_class: str
    findings: list[str]


def read_inquiry(path: Path) -> dict[str, Any]:
    """Return what an inquiry is opened with, as `engine.storage.inquiries.begin` takes it.

    Raises:
        PolicyError: it is no valid YAML.
        ClaimError: `inquiry_format`, it is not of the form.
    """
    told = read_document(path, path.name).value
    try:
        form = _Opening.model_validate({_NAMES.get(name, name): told[name] for name in told})
    except (ValidationError, TypeError) as error:
        raise ClaimError(
            "inquiry_format",
            f"文件 {path.name} 不合格式：subject_kind、subject、region、class 与 findings",
            f"the file {path.name} is not of the form: subject_kind, subject, region, class and "
            "findings",
        ) from error
    return {"class": form.of_class, **form.model_dump(exclude={"of_class"})}


_NAMES = {"class": "of_class"}
