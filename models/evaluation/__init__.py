"""How good a ranking is, whether it leaks, drifts or treats a group unfairly."""
