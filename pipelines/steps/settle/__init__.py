"""Settle: checked claims become results, by the policies of their day, after earlier nights."""

from pipelines.steps.settle.step import SettledNight, SettleInputs, settle_night

__all__ = ["SettleInputs", "SettledNight", "settle_night"]
