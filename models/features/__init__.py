"""Quantities of a provider, built from claims or from given aggregates, never from labels."""
