"""Settlement: prices lines, folds each person's events through the policy, explains the result."""
