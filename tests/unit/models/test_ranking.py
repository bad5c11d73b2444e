"""One small fitted model serves all tests of this file."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from engine.errors import EngineError, InvariantError
from models.artifacts import load_model, save_model
from models.explain import ADDITIVE_WITHIN, Parts, ensure_additive
from models.features.matrix import build_matrix
from models.scoring import RankingModel, rank
from models.training.fit import fit_ranking
from tests.provider_frames import aggregates, labelled


@cache
def fitted() -> RankingModel:
    return fit_ranking(labelled())


@pytest.fixture
def model() -> RankingModel:
    return fitted()


def test_parts_add_up_to_the_score(model: RankingModel) -> None:
    matrix = build_matrix(aggregates(60, seed=9))
    gap = model.parts(matrix).total() - model.margin(matrix)
    assert np.abs(gap).max() <= ADDITIVE_WITHIN


def test_parts_that_do_not_add_up_stop_the_run() -> None:
    parts = Parts(0.5, np.array([[1.0, 2.0]]))
    ensure_additive(parts, np.array([3.5]))
    with pytest.raises(InvariantError):
        ensure_additive(parts, np.array([3.51]))


def test_the_feature_that_makes_the_label_leads_the_reasons(model: RankingModel) -> None:
    matrix = build_matrix(aggregates(200, seed=4))
    about = [reason.feature.about for reason in rank(model, matrix)[0].reasons]
    assert about[0] == "stay"
    assert len(set(about)) == len(about)


def test_a_reason_tells_value_peers_and_what_would_refute_it(model: RankingModel) -> None:
    (lead, *_) = rank(model, build_matrix(aggregates(50)))
    reason = lead.reasons[0]
    assert reason.feature.zh in reason.text()
    assert "median of" in reason.text()
    assert " | " in reason.refuted_by()


def test_every_provider_has_one_rank_in_the_order_of_scores(model: RankingModel) -> None:
    leads = rank(model, build_matrix(aggregates(50)))
    assert [lead.rank for lead in leads] == list(range(1, 51))
    scores = [lead.score for lead in leads]
    assert scores == sorted(scores, reverse=True)
    assert len({lead.provider for lead in leads}) == 50


def test_a_score_does_not_depend_on_the_batch_or_its_order(model: RankingModel) -> None:
    frame = aggregates(40)
    whole = {lead.provider: lead.score for lead in rank(model, build_matrix(frame))}
    for part in (frame[::-1], frame[7:8], frame[20:40]):
        for lead in rank(model, build_matrix(part)):
            assert lead.score == whole[lead.provider]


def test_a_second_fit_gives_the_same_scores_to_the_last_bit(model: RankingModel) -> None:
    matrix = build_matrix(aggregates(40))
    assert np.array_equal(fit_ranking(labelled()).margin(matrix), model.margin(matrix))


def test_a_model_file_scores_to_the_last_bit_as_the_model_did(
    model: RankingModel, tmp_path: Path
) -> None:
    file = tmp_path / "model.skops"
    save_model(model, file)
    matrix = build_matrix(aggregates(40))
    again = load_model(file, model.code_hash)
    assert np.array_equal(again.margin(matrix), model.margin(matrix))
    assert rank(again, matrix) == rank(model, matrix)
    assert again.data_hash == model.data_hash


def test_a_file_made_by_other_code_is_refused(model: RankingModel, tmp_path: Path) -> None:
    file = tmp_path / "model.skops"
    save_model(replace(model, code_hash="f" * 64), file)
    with pytest.raises(EngineError, match="model_code"):
        load_model(file, model.code_hash)


def test_a_file_with_a_type_off_the_list_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.skops"
    pipeline = make_pipeline(FunctionTransformer(np.frombuffer), LogisticRegression())
    file.write_bytes(skops.io.dumps({"format": 2, "forest": pipeline}))
    with pytest.raises(EngineError, match="model_types"):
        load_model(file, "")


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"PK\x03\x04 broken"])
def test_a_file_that_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "model.skops"
    file.write_bytes(content)
    with pytest.raises(EngineError, match="model_file"):
        load_model(file, "")


def test_the_parts_of_the_same_population_do_not_drift(model: RankingModel) -> None:
    matrix = labelled().matrix
    drift = model.drift(matrix, model.probability(matrix))
    assert max(drift[one.name] for one in matrix.features) < 0.01
