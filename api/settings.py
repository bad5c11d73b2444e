"""The environment as typed settings, read once when the application is created."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of the HTTP service; each is overridden by `JIESUAN_<NAME>`.

    Attributes:
        lake: folder of the lake whose published nights are shown.
        policies: folder of policy files to use instead of the shipped ones.
        rate_per_second: requests that an institution may send for long.
        rate_burst: requests that it may send at once.
        body_bytes_max: the largest body that is read.
        lines_max: the most records of one block of a national message.
        counterparties: file of the regions that are asked for the split of care given here.
    """

    model_config = SettingsConfigDict(env_prefix="JIESUAN_", env_ignore_empty=True, frozen=True)

    lake: Path = Path("var/lake")
    policies: Path | None = None
    rate_per_second: int = Field(default=50, ge=1)
    rate_burst: int = Field(default=200, ge=1)
    body_bytes_max: int = Field(default=4 * 1024 * 1024, ge=1024)
    lines_max: int = Field(default=2_000, ge=1)
    counterparties: Path | None = None
