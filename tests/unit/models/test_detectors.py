import numpy as np

from models.detectors.peers import Peers
from models.detectors.tails import FrozenTails, copula_score, directed_score

DICE = np.random.default_rng(3)
SAMPLE = DICE.normal(size=(500, 4))


def test_a_score_does_not_depend_on_its_batch() -> None:
    tails = FrozenTails.fit(SAMPLE)
    batch = DICE.normal(size=(50, 4))
    for score in (copula_score, directed_score):
        alone = np.concatenate([score(tails, batch[at : at + 1]) for at in range(50)])
        assert np.array_equal(alone, score(tails, batch))


def test_upper_tails_of_known_values() -> None:
    tails = FrozenTails.fit(np.array([[1.0], [2.0], [3.0]]))
    found = tails.upper(np.array([[0.0], [3.0], [9.0]]))[:, 0]
    assert np.allclose(found, -np.log([1.0, 2 / 4, 1 / 4]))


def test_lower_tails_of_known_values() -> None:
    tails = FrozenTails.fit(np.array([[1.0], [2.0], [3.0]]))
    found = tails.lower(np.array([[0.0], [1.0], [9.0]]))[:, 0]
    assert np.allclose(found, -np.log([1 / 4, 2 / 4, 1.0]))


def test_a_larger_value_never_lowers_the_directed_score() -> None:
    tails = FrozenTails.fit(SAMPLE)
    row = np.zeros((1, 4))
    raised = row + np.array([0.0, 0.5, 0.0, 0.0])
    assert directed_score(tails, raised)[0] >= directed_score(tails, row)[0]


def test_few_claims_shrink_the_distance_from_peers() -> None:
    inpatient = np.ones(500, dtype=bool)
    peers = Peers.fit(SAMPLE, np.full(500, 40.0), inpatient)
    group = np.zeros(2, dtype=np.int64) + 5
    row = np.full((2, 4), 3.0)
    few, many = peers.distance(row, np.array([3.0, 3_000.0]), group)
    assert np.all(few < many)
    assert np.all(few > 0)


def test_percentiles_are_among_peers_of_like_kind() -> None:
    values = np.array([[1.0], [2.0], [3.0], [100.0], [200.0], [300.0]])
    inpatient = np.array([False, False, False, True, True, True])
    peers = Peers.fit(values, np.ones(6), inpatient)
    group = peers.group(np.ones(2), np.array([False, True]))
    assert peers.percentile(np.array([[3.0], [100.0]]), group)[:, 0].tolist() == [
        100.0,
        100 / 3,
    ]
