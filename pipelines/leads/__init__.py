"""Whom to look at first: units beside their peers, and rings of persons. No payment changes."""
