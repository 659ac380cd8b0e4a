"""Training: what is learnt, from which rows, and that it is learnt the same way twice."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from worlds import WORKED_SCHEMA, declared, examples, worked_example

from scorer import training
from scorer.errors import ConfigurationError, StrategyError
from scorer.features import encode_users
from scorer.model_files import booster_bytes
from scorer.objectives import choose_objective
from scorer.training import TrainedModel, TrainingPlan, train, validation_start

BOTH = ("offer_1", "offer_2")
CELLS = pa.table({"segment:f1": [False, False, True], "context:f2": ["1", "0", "1"]})


def trained(
    table: pa.Table, kpi_type: str = "binary", offers: tuple[str, ...] = BOTH
) -> TrainedModel:
    """Train on the worked example's features."""
    return train(table, WORKED_SCHEMA, TrainingPlan(kpi_type, offers))


def first_offers(result: TrainedModel) -> list[str]:
    """Best offer at (0, 1), (0, 0) and (1, 1)."""
    model = result.model
    best = model.score(encode_users(CELLS, model.schema)).argmax(axis=1)
    return [model.offer_ids[j] for j in best]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("displays", "rates"), [(300, (0.05, 0.9)), (500, (0.1, 0.6)), (3000, (0.02, 0.1))]
)
def test_the_worked_example_is_learnt(seed: int, displays: int, rates: tuple[float, float]) -> None:
    """offer_2 comes first at (0, 1), offer_1 elsewhere, though no main effect says so."""
    result = trained(worked_example(seed, displays, rates))
    assert first_offers(result) == ["offer_2", "offer_1", "offer_1"]


def test_the_worked_example_survives_noise_features() -> None:
    """Twenty irrelevant features do not hide the interaction."""
    rng = np.random.default_rng(0)
    table = worked_example(0, 1500)
    names = [f"n{i}" for i in range(20)]
    for name in names:
        table = table.append_column(f"context:{name}", pa.array(rng.normal(size=table.num_rows)))
    schema = declared(
        ("f1", "segment", "boolean"),
        ("f2", "context", "number"),
        *((name, "context", "number") for name in names),
    )
    result = train(table, schema, TrainingPlan("binary", BOTH))
    assert first_offers(result) == ["offer_2", "offer_1", "offer_1"]


def test_scores_are_calibrated() -> None:
    """Predicted rates of the six cells are near the planted ones."""
    model = trained(worked_example(3, 5000)).model
    scores = model.score(encode_users(CELLS, model.schema))
    expected = np.array([[0.1, 0.6], [0.6, 0.1], [0.6, 0.1]])
    np.testing.assert_allclose(scores, expected, atol=0.05)


def test_the_model_beats_the_offer_means_on_held_out_displays() -> None:
    """The manifest's metrics show what the features are worth."""
    measured = trained(worked_example(4, 2000)).metrics
    assert measured["log_loss"] < measured["baseline_log_loss"] - 0.05
    assert measured["gini"] == pytest.approx(2 * measured["auc"] - 1)
    assert measured["gini"] > 0.4
    assert measured["rows"] == 4000
    assert measured["validation_rows"] == 800
    assert measured["rounds"] >= training.MIN_ROUNDS


def test_the_same_examples_give_the_same_bytes_in_any_order() -> None:
    """Neither a second run nor shuffled rows change the booster or its calibration."""
    table = worked_example(5, 800)
    shuffled = table.take(np.random.default_rng(0).permutation(table.num_rows))
    first, second = trained(table), trained(shuffled)
    assert booster_bytes(first.model) == booster_bytes(second.model)
    assert first.model.calibration == second.model.calibration
    assert first.metrics == second.metrics


def test_the_number_of_threads_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model trained on one thread has the bytes of one trained on several."""
    table = worked_example(6, 800)
    boosters = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(training, "threads_for", lambda _, n=threads: n)
        boosters.append(booster_bytes(trained(table).model))
    assert len(set(boosters)) == 1


def test_only_ready_offers_and_rewarded_rows_train() -> None:
    """Rows of other offers and rows without a reward change nothing but are left out."""
    table = worked_example(7, 400)
    other = table.slice(0, 50).set_column(2, "offer_id", pa.array(["offer_3"] * 50))
    open_label = table.slice(0, 50).set_column(3, "reward", pa.nulls(50, pa.float64()))
    more = pa.concat_tables([other, table, open_label])
    assert booster_bytes(trained(more).model) == booster_bytes(trained(table).model)
    assert trained(more).training_rows == 800


def test_the_window_is_that_of_the_used_rows() -> None:
    """First and last event_ts of the examples of ready offers."""
    table = worked_example(8, 200)
    result = trained(table)
    assert result.data_window_start == table["event_ts"][0].as_py()
    assert result.data_window_end == table["event_ts"][-1].as_py()


def test_few_successes_still_train() -> None:
    """With too few successes to validate, a model is trained without claims about it."""
    table = worked_example(9, 300)
    rewards = np.zeros(600)
    rewards[:8] = 1
    result = trained(table.set_column(3, "reward", pa.array(rewards)))
    assert result.metrics["validation_rows"] == 0
    assert "auc" not in result.metrics


def test_displays_of_one_instant_are_not_split() -> None:
    """The validation part starts at the first display of its instant, or is empty."""
    rewards = np.tile([0.0, 1.0], 50)
    times = np.repeat(np.arange(4), 25)
    assert validation_start(times, rewards) == 75
    assert validation_start(np.zeros(100), rewards) == 100


def value_world(rng: np.random.Generator, n: int, is_rare: bool) -> pa.Table:
    """Value depends on offer x segment; rare purchases of 20, or a dense value that may be < 0."""
    f1, offer = rng.integers(0, 2, (2, n))
    fits = f1 == offer
    if is_rare:
        rewards = (rng.random(n) < np.where(fits, 0.12, 0.03)) * rng.exponential(20, n)
    else:
        rewards = rng.normal(np.where(fits, 3.0, -1.0), 2.0)
    columns = {"segment:f1": f1.astype(bool), "context:f2": np.zeros(n)}
    return examples(columns, [f"offer_{o + 1}" for o in offer], rewards)


@pytest.mark.parametrize(
    ("is_rare", "expected"),
    [(True, [[2.4, 0.6], [2.4, 0.6], [0.6, 2.4]]), (False, [[3, -1], [3, -1], [-1, 3]])],
)
def test_a_continuous_kpi_is_an_expected_value(is_rare: bool, expected: list[list[float]]) -> None:
    """Rare purchases and dense values, also negative ones, are predicted in their own unit."""
    result = trained(value_world(np.random.default_rng(0), 12_000, is_rare), "continuous")
    scores = result.model.score(encode_users(CELLS, result.model.schema))
    np.testing.assert_allclose(scores, expected, rtol=0.3, atol=0.2)
    assert result.metrics["rmse"] < result.metrics["baseline_rmse"]
    assert result.model.calibration.link == ("log" if is_rare else "identity")


def test_the_unit_of_a_value_does_not_matter() -> None:
    """Revenue in cents gives the model of revenue in euros, with scores times 100."""
    euros = value_world(np.random.default_rng(1), 6000, is_rare=True)
    cents = euros.set_column(3, "reward", pa.array(euros["reward"].to_numpy() * 100))
    users = encode_users(CELLS, WORKED_SCHEMA)
    first, second = (trained(t, "continuous").model.score(users) for t in (euros, cents))
    np.testing.assert_allclose(second, first * 100, rtol=1e-3)


@pytest.mark.parametrize(
    ("rewards", "kpi_type", "message"),
    [
        (np.zeros(4), "binary", "no success events in the window"),
        (np.ones(4), "binary", "every display in the window succeeded"),
        (np.zeros(4), "continuous", "no success events in the window"),
        (np.full(4, 2.0), "continuous", "the same value"),
        (np.array([]), "binary", "no display of a ready offer"),
    ],
)
def test_what_cannot_be_learnt_is_said(rewards: np.ndarray, kpi_type: str, message: str) -> None:
    """No rows, no success, nothing but successes: one line each."""
    with pytest.raises(StrategyError, match=message):
        choose_objective(rewards, kpi_type)


def test_an_unknown_kpi_type_is_a_configuration_error() -> None:
    """Only binary and continuous exist."""
    with pytest.raises(ConfigurationError, match="kpi_type must be"):
        choose_objective(np.array([0.0, 1.0]), "ordinal")


def test_one_ready_offer_is_not_enough() -> None:
    """There is nothing to choose from with one offer."""
    with pytest.raises(StrategyError, match="1 offers ready, 2 needed"):
        trained(worked_example(0, 50), offers=("offer_1",))


def test_scores_do_not_depend_on_the_pieces_of_the_cross_product(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A tiny limit of cells gives the same scores as one piece."""
    model = trained(worked_example(1, 300)).model
    users = encode_users(worked_example(2, 50), model.schema)
    whole = model.score(users)
    monkeypatch.setattr("scorer.model.MAX_CELLS", 20)
    np.testing.assert_array_equal(model.score(users), whole)
    assert model.score(users[:0]).shape == (0, 2)


def test_unknown_and_missing_values_are_scored() -> None:
    """A category never seen, NaN and an absent column all get a probability."""
    rng = np.random.default_rng(0)
    table = worked_example(0, 500)
    table = table.append_column("context:c", pa.array(rng.choice(["x", "y"], table.num_rows)))
    schema = declared(
        ("f1", "segment", "boolean"), ("f2", "context", "number"), ("c", "context", "category")
    )
    model = train(table, schema, TrainingPlan("binary", BOTH)).model
    odd = pa.table({"context:f2": ["?", None], "context:c": ["never seen", None]})
    scores = model.score(encode_users(odd, model.schema))
    assert ((scores > 0) & (scores < 1)).all()
