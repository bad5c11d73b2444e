"""Benefit policy as dated data: read strictly, resolved by date and dimension, compiled."""
