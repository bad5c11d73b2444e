"""Fits the ranking model and its rivals, and measures them on the fixed folds."""
