"""Reads the labelled set and the folds from the data folder; nothing of it is kept elsewhere.

The set is semi-synthetic with US coding: a benchmark that everyone knows, no claim about China.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import EngineError
from models.features.matrix import PROVIDER, Matrix, build_matrix

DATA_VARIABLE = "JIESUAN_DATA"
FOLDER = "provider_fraud"
FEATURES_FILE = "provider_features.parquet"
NOTICE_ZH = "数据为半合成、美国编码的公开基准，不代表中国的情况"
NOTICE_EN = "the set is a semi-synthetic public benchmark with US coding, no claim about China"


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labelled providers.

    Attributes:
        matrix: their features; labels and folds are no part of it.
        label: shape (providers,), whether the provider carries the label.
        fold: shape (providers,), the fixed fold of each provider.
        data_hash: SHA-256 of the file.
    """

    matrix: Matrix
    label: NDArray[np.bool_]
    fold: NDArray[np.int64]
    data_hash: str

    def take(self, rows: NDArray[np.bool_]) -> "Labelled":
        """Return the chosen providers."""
        chosen = self.matrix.take(rows)
        return Labelled(chosen, self.label[rows], self.fold[rows], self.data_hash)


def provider_folder() -> Path:
    """Return the folder of the labelled set under the folder that JIESUAN_DATA names.

    Raises:
        EngineError: `no_data`, when the variable is not set or the set is not there.
    """
    root = os.environ.get(DATA_VARIABLE, "")
    folder = Path(root) / FOLDER
    if not root or not (folder / FEATURES_FILE).is_file():
        raise EngineError(
            "no_data",
            f"没有标注数据：环境变量 {DATA_VARIABLE} 须指向含 {FOLDER}/ 的文件夹，现为“{root}”",
            f"there is no labelled set: {DATA_VARIABLE} must name the folder that holds "
            f"{FOLDER}/; it is {root!r}",
        )
    return folder


def load_labelled(folder: Path) -> Labelled:
    """Return the labelled providers of a folder, ordered by id whatever the file's order.

    Raises:
        EngineError: `labels`, when label or fold is missing or empty; or as `build_matrix` does.
    """
    content = (folder / FEATURES_FILE).read_bytes()
    frame = pl.read_parquet(content)
    if {"label", "fold"} - set(frame.columns) or frame["label"].null_count():
        raise EngineError(
            "labels",
            f"{FEATURES_FILE} 缺少 label 或 fold 列，或有空标签，无法训练",
            f"{FEATURES_FILE} lacks the column label or fold, or a label is empty: "
            "nothing can be learned",
        )
    frame = frame.sort(PROVIDER)
    return Labelled(
        matrix=build_matrix(frame.drop("label", "fold")),
        label=frame["label"].to_numpy(),
        fold=frame["fold"].to_numpy(),
        data_hash=hashlib.sha256(content).hexdigest(),
    )
