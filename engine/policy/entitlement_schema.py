"""The shape of what a policy file says of entitlement: waiting periods and agreements."""

from typing import Literal

from pydantic import Field, model_validator

from engine.policy.schema_parts import Dated, Name, Part


class WaitingTerms(Part):
    """How long after cover begins there is no benefit yet; exactly one of months and days.

    Without `classes` it is for all of them, without `tiers` for all of those.
    """

    classes: list[Name] = Field(default_factory=list)
    tiers: list[Name] = Field(default_factory=list)
    months: int | None = Field(default=None, ge=1, le=120)
    days: int | None = Field(default=None, ge=1, le=3660)
    bridged_days: int = Field(ge=0, le=3660)
    excepted: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_length(self) -> "WaitingTerms":
        if (self.months is None) == (self.days is None):
            message = "a waiting period has `months` or `days`"
            raise ValueError(message)
        return self


class AgreementTerms(Part):
    """On which day of care an institution's agreement is asked, and which visits need none."""

    asked_on: Literal["begin", "end"]
    excepted: list[str] = Field(default_factory=list)


class EntitlementTerms(Dated):
    """When a person has benefits at all: waiting periods, the first that fits, and agreements."""

    waiting: list[WaitingTerms] = Field(default_factory=list)
    agreement: AgreementTerms | None = None
