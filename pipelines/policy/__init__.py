"""The tools of a policy analyst: check, show, compare, cover with tests, begin a policy file."""
