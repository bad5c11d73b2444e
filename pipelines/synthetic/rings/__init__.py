"""A half year of claims with planted rings, and with groups that meet for innocent reasons."""
