"""Rings: groups of persons who share rare things too often, as leads for a reviewer."""
