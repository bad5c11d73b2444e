"""Detectors that use no label, with frozen references: a score does not depend on its batch."""
