"""How fast and how right, against rivals, one file per question."""
