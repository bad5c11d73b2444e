"""The mark of tests that read the labelled set; without it they are skipped, visibly."""

import os
from pathlib import Path

import pytest

from models.labels import DATA_VARIABLE, FEATURES_FILE, FOLDER

needs_data = pytest.mark.skipif(
    not (Path(os.environ.get(DATA_VARIABLE, "/nonexistent")) / FOLDER / FEATURES_FILE).is_file(),
    reason=f"{DATA_VARIABLE} names no folder that holds {FOLDER}/{FEATURES_FILE}",
)
