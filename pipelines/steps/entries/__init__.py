"""Entries: the ledger's rows of a night, made before the transaction that posts them."""

from pipelines.steps.entries.step import Entered, EntryInputs, enter

__all__ = ["Entered", "EntryInputs", "enter"]
