"""Closed sets of the national interface as enumerations, and the dated codes that mean them."""
