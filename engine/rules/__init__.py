"""Rules: what in settled claims ought not to have been paid, as data and a closed set of forms."""
