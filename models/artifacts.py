"""Model files: skops archives that load only types on a list; no file can run code."""

from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import skops.io
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier

from engine.errors import EngineError
from models.calibration import Curve
from models.detectors.peers import Peers
from models.evaluation.drift import Reference
from models.scoring import RankingModel

FORMAT = 2
ALLOWED_TYPES = frozenset({"sklearn.tree._tree.Tree"})
"""Types outside skops' own trusted ones that a model file may hold."""


def save_model(model: RankingModel, path: Path) -> None:
    """Write a model file, whole or not at all."""
    content = {
        "format": FORMAT,
        "forest": model.forest,
        "boosting": model.boosting,
        "curve_at": model.curve.at,
        "curve_log_odds": model.curve.log_odds,
        "peer_cuts": model.peers.cuts,
        "peer_values": list(model.peers.sorted_values),
        "drift_cuts": [one.cuts for one in model.references],
        "drift_shares": [one.shares for one in model.references],
        "data_hash": model.data_hash,
        "code_hash": model.code_hash,
    }
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(skops.io.dumps(content))
    partial.replace(path)


def load_model(path: Path, code_hash: str) -> RankingModel:
    """Return the model of a file.

    Args:
        code_hash: of the code that will use it; features made by other code mean other things.

    Raises:
        EngineError: `model_file`, when it is no model file; `model_types`, when it holds a type
            that is not on the list; `model_code`, when other code made it.
    """
    content = _content(path)
    if content["code_hash"] != code_hash:
        raise EngineError(
            "model_code",
            f"模型文件 {path.name} 由另一版代码生成，特征含义可能不同；请用本版重新训练",
            f"the model file {path.name} was made by other code, whose features may mean "
            "something else; fit it again with this version",
        )
    forest, boosting = content["forest"], content["boosting"]
    if not isinstance(forest, ExtraTreesClassifier) or not isinstance(
        boosting, GradientBoostingClassifier
    ):
        raise _not_a_model(path)
    drift = zip(content["drift_cuts"], content["drift_shares"], strict=True)
    return RankingModel(
        forest=forest,
        boosting=boosting,
        curve=Curve(np.asarray(content["curve_at"]), np.asarray(content["curve_log_odds"])),
        peers=Peers(np.asarray(content["peer_cuts"]), tuple(content["peer_values"])),
        references=tuple(Reference(cuts, shares) for cuts, shares in drift),
        data_hash=str(content["data_hash"]),
        code_hash=str(content["code_hash"]),
    )


def _content(path: Path) -> dict[str, Any]:
    try:
        found = set(skops.io.get_untrusted_types(file=path))
        if found - ALLOWED_TYPES:
            raise EngineError(
                "model_types",
                f"模型文件 {path.name} 含有名单外的类型 {sorted(found - ALLOWED_TYPES)}，不予加载",
                f"the model file {path.name} holds types that are not on the list: "
                f"{sorted(found - ALLOWED_TYPES)}; it is not loaded",
            )
        content = skops.io.load(path, trusted=sorted(found))
    except (BadZipFile, OSError, ValueError, KeyError, TypeError) as error:
        raise _not_a_model(path) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _not_a_model(path)
    return content


def _not_a_model(path: Path) -> EngineError:
    return EngineError(
        "model_file",
        f"{path.name} 不是本程序的模型文件，或已损坏；请重新训练并保存",
        f"{path.name} is no model file of this program, or is damaged; fit and save it again",
    )
