"""Begins a policy file: comments, and blanks that `policy check` refuses until they are filled."""

import re
import string
from pathlib import Path
from typing import get_args

from engine.errors import PolicyError
from engine.policy.schema import SchemeFile

TEMPLATE = Path(__file__).parent / "starting_file.yaml"
EMPLOYEE_CLASSES = "active: [active]\n  retired: [retired, retired_cadre]"
RESIDENT_CLASSES = "child_student: [minor_resident]\n  adult: [adult_resident, elderly_resident]"
CLASSES = {"employee": EMPLOYEE_CLASSES, "civil_servant": EMPLOYEE_CLASSES}


def begin(folder: Path, key: tuple[str, str], name: str) -> Path:
    """Write a starting file for region and scheme under a folder, and return where it is.

    Raises:
        PolicyError: `region`, `scheme`, or `file_exists`: what is there is never overwritten.
    """
    region, scheme = key
    _check(region, scheme)
    path = folder / region / f"{scheme}.yaml"
    classes = CLASSES.get(scheme, RESIDENT_CLASSES)
    template = string.Template(TEMPLATE.read_text(encoding="utf-8"))
    text = template.substitute(region=region, scheme=scheme, name=_quoted(name), classes=classes)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise PolicyError(
            "file_exists",
            f"{path} 已经存在，没有改动；请另选文件夹（--out）或先移走它",
            f"{path} exists and was left as it is; choose another folder (--out) or move it",
        ) from error
    return path


def _check(region: str, scheme: str) -> None:
    schemes = get_args(SchemeFile.model_fields["scheme"].annotation)
    if not re.fullmatch(r"[0-9]{6}", region):
        raise PolicyError(
            "region",
            f"区划代码 {region} 不是六位数字",
            f"the region {region} is not of six digits",
        )
    if scheme not in schemes:
        raise PolicyError(
            "scheme",
            f"没有险种 {scheme}；须是 {', '.join(schemes)} 之一",
            f"there is no scheme {scheme}; it is one of {', '.join(schemes)}",
        )


def _quoted(text: str) -> str:
    """Return a text as YAML takes it whatever it holds."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
