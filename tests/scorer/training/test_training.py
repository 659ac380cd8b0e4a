"""Training: results of models, the rows that they use, and reproducibility."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from scorer.errors import ConfigurationError, StrategyError
from scorer.features import FeatureSchema, encode_users
from scorer.models import boosting
from scorer.models.objectives import capped, choose_objective
from scorer.models.persistence import describe_model
from scorer.models.protocol import RewardModel
from scorer.registry.model_files import manifest_and_files
from scorer.training.candidates import CANDIDATES
from scorer.training.plan import TrainingPlan
from scorer.training.train import Training, train
from scorer.training.workbench import EVERYTHING
from tests.support.benches import BOTH, bench
from tests.support.training_inputs import WORKED_SCHEMA, declared, examples, worked_example

USERS = pa.table({"segment:f1": [False, False, True], "context:f2": ["1", "0", "1"]})


def trained(
    table: pa.Table,
    kpi_type: str = "binary",
    offers: tuple[str, ...] = BOTH,
    schema: FeatureSchema = WORKED_SCHEMA,
) -> Training:
    """Train on the features of the worked example."""
    return train(table, schema, TrainingPlan(kpi_type, offers))


@cache
def worked() -> Training:
    """One training on 1000 displays of the worked example."""
    return trained(worked_example(5, 500))


def first_offers(model: RewardModel) -> list[str]:
    """Best offer at (0, 1), (0, 0) and (1, 1)."""
    best = model.score(encode_users(USERS, model.schema)).argmax(axis=1)
    return [model.offer_ids[j] for j in best]


def bytes_of(training: Training) -> list[bytes]:
    """Files of both models of a training."""
    models = (training.personalised, training.best_single)
    return [
        data
        for m in models
        for _, data in sorted(manifest_and_files(m, "s", m.data_window_end)[1].items())
    ]


@pytest.mark.parametrize(
    ("seed", "displays", "rates"),
    [(0, 300, (0.05, 0.9)), (1, 500, (0.1, 0.6)), (2, 3000, (0.02, 0.1))],
)
def test_the_worked_example_is_learnt(seed: int, displays: int, rates: tuple[float, float]) -> None:
    """offer_2 comes first at (0, 1), offer_1 elsewhere, although there is no main effect."""
    result = trained(worked_example(seed, displays, rates))
    assert first_offers(result.personalised.model) == ["offer_2", "offer_1", "offer_1"]
    assert result.verdict.personalises
    assert result.model is result.personalised.model


def test_the_worked_example_survives_noise_features() -> None:
    """Twenty irrelevant features do not hide the interaction."""
    rng = np.random.default_rng(0)
    table = worked_example(0, 1500)
    names = [f"n{i}" for i in range(20)]
    for name in names:
        table = table.append_column(f"context:{name}", pa.array(rng.normal(size=table.num_rows)))
    noise = ((name, "context", "number") for name in names)
    schema = declared(("f1", "segment", "boolean"), ("f2", "context", "number"), *noise)
    assert first_offers(trained(table, schema=schema).model) == ["offer_2", "offer_1", "offer_1"]


def test_scores_are_calibrated() -> None:
    """Predicted rates of the six pairs of users and offers are near the planted ones."""
    model = trained(worked_example(3, 4000)).model
    scores = model.score(encode_users(USERS, model.schema))
    expected = np.array([[0.1, 0.6], [0.6, 0.1], [0.6, 0.1]])
    np.testing.assert_allclose(scores, expected, atol=0.05)


def test_the_model_beats_the_offer_means_on_displays_it_has_not_seen() -> None:
    """Metrics are out of fold and better than those of the offer means."""
    measured = worked().personalised.metrics
    assert measured["log_loss"] < measured["baseline_log_loss"] - 0.05
    assert measured["gini"] == pytest.approx(2 * measured["auc"] - 1)
    assert measured["gini"] > 0.4
    assert measured["rows"] == measured["evaluation_rows"] == 1000
    assert measured["mean_score"] == pytest.approx(measured["mean"], rel=0.1)


def test_the_metrics_of_the_best_single_offer_are_its_own() -> None:
    """The metrics of the best single offer are those of its means."""
    measured = worked().best_single.metrics
    assert measured["log_loss"] == measured["baseline_log_loss"]
    assert worked().best_single.parameters["candidate"] == "best_single"


def test_the_manifest_holds_every_candidates_estimate_and_the_verdict() -> None:
    """The metadata hold the chosen candidate, all candidates and their lifts."""
    measured = worked().personalised.metrics
    names = [c["name"] for c in measured["candidates"]]
    assert names == [
        "best_single",
        "interaction_base",
        "pooled_trees",
        "residual_trees",
        "average",
        "dr_ridge",
        "linear_average",
        "dr_tree",
    ]
    assert measured["chosen"] in names[1:]
    values = {c["name"]: c["policy_value"] for c in measured["candidates"]}
    assert measured["chosen"] == max(names[1:], key=lambda name: values[name])
    assert measured["gate"]["personalises"] is True
    assert measured["gate"]["z"] > 2.33
    low, high = measured["gate"]["lift_low"], measured["gate"]["lift_high"]
    assert 0 < low < measured["gate"]["lift"] < high
    assert measured["rows_without_propensity"] == 0


def test_the_same_examples_give_the_same_bytes_in_any_order() -> None:
    """Neither a second run nor shuffled rows change a file, a metric or the verdict."""
    table = worked_example(5, 500)
    shuffled = trained(table.take(np.random.default_rng(0).permutation(table.num_rows)))
    assert bytes_of(worked()) == bytes_of(shuffled)
    assert worked().personalised.metrics == shuffled.personalised.metrics
    assert worked().verdict == shuffled.verdict


def test_the_number_of_threads_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trees grown on three threads have the bytes of those grown on one."""
    grown = []
    for threads in (1, 3):
        monkeypatch.setattr(boosting, "threads_for", lambda _, n=threads: n)
        model = CANDIDATES["residual_trees"](bench(worked_example(5, 500)), EVERYTHING)
        grown.append(describe_model(model)[1])
    assert grown[0] == grown[1]


def test_rows_without_a_reward_and_of_foreign_offers_are_left_out() -> None:
    """Displays without an outcome change nothing."""
    table = worked_example(5, 500)
    other = table.slice(0, 50).set_column(2, "offer_id", pa.array(["offer_3"] * 50))
    open_label = table.slice(0, 50).set_column(3, "reward", pa.nulls(50, pa.float64()))
    more = trained(pa.concat_tables([other, table, open_label]))
    assert bytes_of(more) == bytes_of(worked())
    assert more.personalised.training_rows == 1000


def test_the_window_is_that_of_the_used_rows() -> None:
    """First and last event_ts of the examples of ready offers."""
    table = worked_example(5, 500)
    for made in (worked().personalised, worked().best_single):
        assert made.data_window_start == table["event_ts"][0].as_py()
        assert made.data_window_end == table["event_ts"][-1].as_py()


@pytest.mark.parametrize("successes", [1, 599])
def test_few_successes_or_failures_still_train(successes: int) -> None:
    """A single success, which some folds never see, gives finite scores and does not pass."""
    rewards = np.zeros(600)
    rewards[:successes] = 1
    result = trained(worked_example(9, 300).set_column(3, "reward", pa.array(rewards)))
    assert not result.verdict.personalises
    scores = result.personalised.model.score(encode_users(USERS, WORKED_SCHEMA))
    assert ((scores > 0) & (scores < 1)).all()
    assert abs(scores.mean() - successes / 600) < 0.02


@pytest.mark.parametrize("people", [1, 4])
def test_fewer_people_than_folds_are_not_enough(people: int) -> None:
    """Fewer people than folds are an error that counts them."""
    table = worked_example(0, 50)
    owners = pa.array([f"p{i % people}" for i in range(table.num_rows)])
    with pytest.raises(StrategyError, match=f"displays of only {people} people, at least 5 needed"):
        trained(table.append_column("profile_id", owners))


@pytest.mark.parametrize("displays", [3, 20])
def test_a_handful_of_displays_trains_but_does_not_pass(displays: int) -> None:
    """Ten rows give a model that does not pass, not an error."""
    result = trained(worked_example(1, displays))
    assert not result.verdict.personalises
    assert np.isfinite(result.model.score(encode_users(USERS, WORKED_SCHEMA))).all()


def test_a_strategy_without_features_serves_its_best_single_offer() -> None:
    """Without features nobody is personalised, and the reason says so."""
    result = trained(worked_example(0, 400), schema=declared())
    assert result.verdict.reason == "the best single offer is best for everybody"
    assert result.model.kind == "best_single"
    assert result.personalised.model.score(np.empty((3, 0), np.float32)).shape == (3, 2)


def test_constant_and_absent_features_are_accepted() -> None:
    """Constant, empty and absent columns are accepted."""
    table = worked_example(0, 400)
    table = table.append_column("context:same", pa.array(["x"] * table.num_rows))
    table = table.append_column("context:void", pa.nulls(table.num_rows, pa.string()))
    names = ("same", "void", "absent")
    schema = declared(*((n, "context", t) for n in names for t in ["category"]))
    assert not trained(table, schema=schema).verdict.personalises


def test_a_new_offer_with_few_displays_is_scored_near_what_it_shows() -> None:
    """Thirty displays without success rank an offer below the others, with a score above zero."""
    table = worked_example(0, 800)
    offers = table["offer_id"].to_pylist()
    rewards = table["reward"].to_numpy().copy()
    for i in range(30):
        offers[-1 - i], rewards[-1 - i] = "offer_new", 0.0
    table = table.set_column(2, "offer_id", pa.array(offers))
    result = trained(table.set_column(3, "reward", pa.array(rewards)), offers=(*BOTH, "offer_new"))
    assert result.verdict.personalises
    scores = result.model.score(encode_users(USERS, WORKED_SCHEMA))
    place = result.model.offer_ids.index("offer_new")
    assert ((scores[:, place] > 0) & (scores[:, place] < 0.3)).all()
    assert (scores.argmax(axis=1) != place).all()


def test_offers_that_are_not_ready_are_compared_with_but_never_scored() -> None:
    """Displays of offers that are not ready evaluate, but do not train."""
    table = worked_example(0, 500)
    plan = TrainingPlan("binary", ("offer_1", "offer_2"), other_offer_ids=("offer_0", "offer_9"))
    offers = table["offer_id"].to_pylist()
    offers[:100] = ["offer_0", "offer_9"] * 50
    table = table.set_column(2, "offer_id", pa.array(offers))
    result = train(table, WORKED_SCHEMA, plan)
    assert result.model.offer_ids == ("offer_1", "offer_2")
    assert result.personalised.training_rows == 900
    assert len(result.logged.examples) == 1000


def value_world(rng: np.random.Generator, n: int, is_rare: bool) -> pa.Table:
    """Value depends on offer x segment: rare purchases of 20, or a dense value that may be < 0."""
    f1, offer = rng.integers(0, 2, (2, n))
    fits = f1 == offer
    if is_rare:
        rewards = (rng.random(n) < np.where(fits, 0.12, 0.03)) * rng.exponential(20, n)
    else:
        rewards = rng.normal(np.where(fits, 3.0, -1.0), 2.0)
    columns = {
        "segment:f1": f1.astype(bool),
        "context:f2": np.zeros(n),
        "propensity": np.full(n, 0.5),
    }
    return examples(columns, [f"offer_{o + 1}" for o in offer], rewards)


@cache
def euros() -> Training:
    """Rare purchases, in euros."""
    return trained(value_world(np.random.default_rng(0), 6000, is_rare=True), "continuous")


def test_rare_purchases_are_an_expected_value() -> None:
    """Scores are in the unit of the reward, by offer and segment, at the right level."""
    scores = euros().model.score(encode_users(USERS, WORKED_SCHEMA))
    expected = [[2.4, 0.6], [2.4, 0.6], [0.6, 2.4]]
    np.testing.assert_allclose(scores, expected, rtol=0.3, atol=0.2)
    measured = euros().personalised.metrics
    assert measured["rmse"] < measured["baseline_rmse"]
    assert measured["mean_score"] == pytest.approx(measured["mean"], rel=0.1)
    assert euros().personalised.parameters["link"] == "log"
    assert "success_value" in [c["name"] for c in measured["candidates"]]


def test_dense_values_are_an_expected_value_also_below_zero() -> None:
    """Dense values are learned; success x value is left out if every display has a value."""
    table = value_world(np.random.default_rng(0), 3000, is_rare=False)
    result = trained(table, "continuous")
    scores = result.model.score(encode_users(USERS, WORKED_SCHEMA))
    np.testing.assert_allclose(scores, [[3, -1], [3, -1], [-1, 3]], atol=0.3)
    assert result.personalised.parameters["link"] == "identity"
    names = [c["name"] for c in result.personalised.metrics["candidates"]]
    assert "success_value" not in names


def test_the_unit_of_a_value_does_not_matter() -> None:
    """Revenue in cents gives the same model as in euros, with scores times 100."""
    table = value_world(np.random.default_rng(0), 6000, is_rare=True)
    cents = trained(
        table.set_column(3, "reward", pa.array(table["reward"].to_numpy() * 100)), "continuous"
    )
    users = encode_users(USERS, WORKED_SCHEMA)
    np.testing.assert_allclose(
        cents.model.score(users), euros().model.score(users) * 100, rtol=1e-3
    )
    assert cents.selection.chosen == euros().selection.chosen


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
def test_examples_without_information_are_errors(
    rewards: np.ndarray, kpi_type: str, message: str
) -> None:
    """No rows, no success and only successes raise an error of one line each."""
    with pytest.raises(StrategyError, match=message):
        choose_objective(rewards, kpi_type)


def test_an_unknown_kpi_type_is_a_configuration_error() -> None:
    """An unknown KPI type is a configuration error."""
    with pytest.raises(ConfigurationError, match="kpi_type must be"):
        choose_objective(np.array([0.0, 1.0]), "ordinal")


def test_only_values_in_the_far_tails_are_capped() -> None:
    """Rewards are capped at the 99.5 % quantile of gains and losses, if there are 200 of them."""
    rewards = np.concatenate([np.zeros(1000), np.arange(1, 401), -np.arange(1, 401)]).astype(float)
    rewards[1399] = 1e9
    learnt = capped(rewards, "continuous")
    assert learnt.max() == pytest.approx(398, abs=1.1)
    assert learnt.min() == pytest.approx(-398, abs=1.1)
    changed = learnt != rewards
    assert changed.sum() == 4
    np.testing.assert_array_equal(capped(rewards, "binary"), rewards)
    np.testing.assert_array_equal(capped(rewards[:1100], "continuous"), rewards[:1100])


def test_one_ready_offer_is_not_enough() -> None:
    """One offer leaves nothing to choose."""
    with pytest.raises(StrategyError, match="1 offers ready, 2 needed"):
        trained(worked_example(0, 50), offers=("offer_1",))


def test_no_display_of_a_ready_offer_is_an_error() -> None:
    """Ready offers without displays in the window are an error."""
    with pytest.raises(StrategyError, match="no display of a ready offer"):
        trained(worked_example(0, 50), offers=("offer_8", "offer_9"))


def test_displays_of_offers_that_are_not_ready_alone_are_not_enough() -> None:
    """Displays of offers that are not ready are too little to train on."""
    plan = TrainingPlan("binary", ("offer_8", "offer_9"), other_offer_ids=BOTH)
    with pytest.raises(StrategyError, match="no display of a ready offer"):
        train(worked_example(0, 50), WORKED_SCHEMA, plan)


def test_unknown_and_missing_values_are_scored() -> None:
    """Unknown categories, NaN and absent columns get a probability."""
    rng = np.random.default_rng(0)
    table = worked_example(0, 400)
    table = table.append_column("context:c", pa.array(rng.choice(["x", "y"], table.num_rows)))
    schema = declared(
        ("f1", "segment", "boolean"), ("f2", "context", "number"), ("c", "context", "category")
    )
    result = trained(table, schema=schema)
    odd = pa.table({"context:f2": ["?", None], "context:c": ["never seen", None]})
    for made in (result.personalised, result.best_single):
        scores = made.model.score(encode_users(odd, made.model.schema))
        assert ((scores > 0) & (scores < 1)).all()


def test_the_seed_decides_no_verdict() -> None:
    """The seed of the run is stored; estimates and verdict do not depend on it."""
    plan = TrainingPlan("binary", BOTH)
    other = train(worked_example(5, 500), WORKED_SCHEMA, replace(plan, seed=7))
    assert other.personalised.parameters["seed"] == 7
    assert other.personalised.metrics == worked().personalised.metrics
