"""The summary of a published night, as `jiesuan night --json` prints it, with its totals."""

import datetime

from pydantic import BaseModel


class Counts(BaseModel):
    """Records, by claims and by lines."""

    claims: int
    lines: int


class File(Counts):
    """One file of the night's input; `code` says why it was refused."""

    name: str
    status: str
    code: str | None = None


class Amounts(BaseModel):
    """What the settlements of a group sum to, in fen."""

    claims: int
    total_fen: int
    fund_total_fen: int
    person_total_fen: int


class RegionTotal(Amounts):
    """The settlements of one region."""

    region: str
    name: str = ""


class InstitutionTotal(Amounts):
    """The settlements of one institution."""

    institution: str
    name: str = ""


class Totals(BaseModel):
    """Sums of the night; `by_fund` maps a fund's amount key to fen."""

    by_fund: dict[str, int]
    by_region: list[RegionTotal]
    by_institution: list[InstitutionTotal]


class Finding(BaseModel):
    """What one rule found: how often and how much money it touches."""

    rule_id: str
    level: str
    label_zh: str
    label_en: str
    count: int
    amount_fen: int
    lacks: list[str] = []  # nights published before rules told it have none


class Leads(BaseModel):
    """What became of the units of one kind that a reviewer may look at; no breach is named.

    `status` is scored, drifted, no_reference or no_units; `drift` maps what has drifted to its
    stability index.
    """

    kind: str
    status: str
    units: int
    leads: int
    by_chance: int
    expected_fen: int
    drift: dict[str, float]


class Stage(BaseModel):
    """One stage of the run: wall time and the peak of resident memory."""

    name: str
    wall_s: float
    rss_mb: float


class Night(BaseModel):
    """A published night; settled + rejected + pending = input, in claims and in lines."""

    night: datetime.date
    files: list[File]
    input: Counts
    settled: Counts
    rejected: Counts
    pending: Counts
    by_code: dict[str, int]
    totals: Totals
    findings: list[Finding]
    leads: list[Leads]
    policy_hash: str
    result_hash: str
    stages: list[Stage]
