"""Settle: checked claims become results, by the policies of their day, after earlier nights."""

from pipelines.steps.settle.prepare import SettleInputs
from pipelines.steps.settle.step import settle_night
from pipelines.steps.settle.tables import SettledNight

__all__ = ["SettleInputs", "SettledNight", "settle_night"]
