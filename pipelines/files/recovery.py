"""Reads the file by which a recovery is proposed."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.errors import ClaimError
from engine.ledger.postings import Purse
from engine.money import parse_fen
from engine.policy.reader import read_document


class _Proposal(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    person: str
    region: str
    debtor: str
    reason: str
    owed: dict[str, str]


def read_proposal(path: Path) -> dict[str, Any]:
    """Return a proposal, its amounts in fen by purse.

    Raises:
        PolicyError: it is no valid YAML.
        ClaimError: `proposal_format`, it is not of the form; or an amount is none.
    """
    try:
        form = _Proposal.model_validate(read_document(path, path.name).value)
        owed = {Purse[purse.upper()].name: parse_fen(yuan) for purse, yuan in form.owed.items()}
    except (ValidationError, KeyError) as error:
        raise ClaimError(
            "proposal_format",
            f"文件 {path.name} 不合格式：person、region、debtor、reason，及 owed 各基金金额",
            f"the file {path.name} is not of the form: person, region, debtor, reason, and owed "
            "by purse",
        ) from error
    return form.model_dump() | {"owed": owed}
