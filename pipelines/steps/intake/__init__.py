"""Intake, the door of the night: what came in is read, and what cannot be used is told."""

from pipelines.steps.intake.step import Intake, take_in

__all__ = ["Intake", "take_in"]
