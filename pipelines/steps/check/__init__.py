"""Check: what is settled tonight, what is rejected and what waits, each with its code."""

from pipelines.steps.check.facts import CheckInputs, Nights
from pipelines.steps.check.output import Checked
from pipelines.steps.check.step import check

__all__ = ["CheckInputs", "Checked", "Nights", "check"]
