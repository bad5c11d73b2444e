"""Reference: what the bureau itself brings, read once and checked in full."""

from pipelines.steps.reference.step import Reference, read_reference

__all__ = ["Reference", "read_reference"]
