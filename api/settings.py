"""The environment as typed settings, read once when the application is created."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of the HTTP service; each is overridden by `JIESUAN_<NAME>`.

    Attributes:
        lake: folder of the lake whose published nights are shown.
        policies: folder of policy files to use instead of the shipped ones.
    """

    model_config = SettingsConfigDict(env_prefix="JIESUAN_", env_ignore_empty=True, frozen=True)

    lake: Path = Path("var/lake")
    policies: Path | None = None
