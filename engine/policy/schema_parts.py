"""What every mapping of a policy file is made of: names, days, sources, dated terms."""

import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from engine.periods import date_of_text
from engine.policy.wording import named

Source = str | dict[str, str | int]


Name = Annotated[str, AfterValidator(named)]
Date = Annotated[datetime.date, BeforeValidator(date_of_text)]


class Part(BaseModel):
    """Any mapping of a policy file: no unknown key, and a source wherever one is due."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    source: Source | None = None


class Dated(Part):
    """Terms from a date on; the next entry ends them."""

    begins: Date = Field(alias="from")
    reviewed_until: Date
