"""Which providers to look at first: features, detectors, evaluation, explanation."""
