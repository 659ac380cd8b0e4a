"""Abrupt changes of offers are found with their day, and nothing else is found."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from scorer.features import encode_users
from scorer.training.plan import TrainingPlan
from scorer.training.train import Training, train
from tests.support.training_inputs import declared

START = datetime(2026, 10, 23)
SCHEMA = declared(("f1", "segment", "boolean"))
DAYS = 28


def log(rates: dict[str, tuple[float, float]], seed: int = 0, turned: int = 21) -> pa.Table:
    """40 displays per offer and day; each offer has a rate before day ``turned`` and one after."""
    rng = np.random.default_rng(seed)
    n = DAYS * 40 * len(rates)
    offers = np.array(sorted(rates))[rng.integers(0, len(rates), n)]
    day = np.arange(n) * DAYS // n
    before, after = (np.array([rates[o][k] for o in offers]) for k in (0, 1))
    rewards = rng.random(n) < np.where(day < turned, before, after)
    return pa.table(
        {
            "display_id": [f"d{i:06}" for i in range(n)],
            "event_ts": [START + timedelta(days=DAYS * i / n) for i in range(n)],
            "profile_id": [f"p{i % 900}" for i in range(n)],
            "offer_id": offers,
            "reward": rewards.astype(np.float64),
            "propensity": np.full(n, 1 / len(rates)),
            "segment:f1": rng.random(n) < 0.5,
        }
    )


def trained(table: pa.Table, kpi_type: str = "binary") -> Training:
    """Training on all offers of the log."""
    offers = tuple(sorted(set(table["offer_id"].to_pylist())))
    return train(table, SCHEMA, TrainingPlan(kpi_type, offers))


def test_a_collapse_is_found_with_its_day_and_forgotten() -> None:
    """After the best offer collapsed, its earlier displays do not count."""
    table = log({"fading": (0.3, 0.03), "steady": (0.15, 0.15), "weak": (0.1, 0.1)})
    result = trained(table)
    (shift,) = result.personalised.metrics["changed_offers"]
    assert (shift["offer_id"], shift["since"]) == ("fading", "2026-11-13")
    assert shift["ratio"] == pytest.approx(0.1, abs=0.06)
    for model in (result.best_single.model, result.personalised.model):
        scores = model.score(encode_users(table.slice(0, 50), model.schema))
        assert set(scores.argmax(axis=1)) == {model.offer_ids.index("steady")}
        assert (scores[:, 0] < 0.08).all()


def test_a_rise_is_found_too() -> None:
    """A sudden rise is found with its day."""
    table = log({"rising": (0.05, 0.3), "steady": (0.15, 0.15), "weak": (0.1, 0.1)})
    (shift,) = trained(table).personalised.metrics["changed_offers"]
    assert shift["offer_id"] == "rising"
    assert shift["ratio"] > 3


def test_a_change_of_all_offers_is_not_a_shift() -> None:
    """A week in which everybody buys less is not a shift."""
    table = log({"a": (0.3, 0.12), "b": (0.2, 0.08), "c": (0.25, 0.1), "d": (0.3, 0.12)})
    assert trained(table).personalised.metrics["changed_offers"] == []


@pytest.mark.parametrize("seed", range(4))
def test_steady_offers_are_left_alone(seed: int) -> None:
    """Chance over 28 days and 3 offers is not a shift."""
    table = log({"a": (0.1, 0.1), "b": (0.12, 0.12), "c": (0.05, 0.05)}, seed)
    assert trained(table).personalised.metrics["changed_offers"] == []


def test_a_shift_of_amounts_is_found() -> None:
    """A shift is found in amounts that differ tenfold between successes."""
    table = log({"fading": (0.3, 0.03), "steady": (0.15, 0.15), "weak": (0.1, 0.1)})
    amounts = np.random.default_rng(1).lognormal(3, 0.7, table.num_rows)
    rewards = pa.array(table["reward"].to_numpy() * amounts)
    table = table.set_column(table.column_names.index("reward"), "reward", rewards)
    (shift,) = trained(table, "continuous").personalised.metrics["changed_offers"]
    assert shift["offer_id"] == "fading"


def test_the_collapse_of_one_offer_is_not_a_rise_of_the_other() -> None:
    """With two offers, each is the baseline of the other."""
    table = log({"fading": (0.3, 0.03), "steady": (0.15, 0.15)})
    (shift,) = trained(table).personalised.metrics["changed_offers"]
    assert shift["offer_id"] == "fading"


def amounts(seed: int, turned: float, n: int = 12_000) -> pa.Table:
    """Amounts around zero with heavy tails; offer b earns ``turned`` more from day 14 on."""
    rng = np.random.default_rng(seed)
    offers = np.array(["a", "b", "c", "d"])[rng.integers(0, 4, n)]
    day = np.arange(n) * DAYS // n
    rewards = rng.standard_t(2.2, n) + np.where((offers == "b") & (day >= 14), turned, 0.0)
    return pa.table(
        {
            "display_id": [f"d{i:06}" for i in range(n)],
            "event_ts": [START + timedelta(days=DAYS * i / n) for i in range(n)],
            "profile_id": [f"p{i % 3000}" for i in range(n)],
            "offer_id": offers,
            "reward": rewards,
            "propensity": np.full(n, 0.25),
            "segment:f1": rng.random(n) < 0.5,
        }
    )


def test_a_change_of_amounts_around_zero_is_found() -> None:
    """An offer whose amounts rise from zero to 0.7 is found with its day and its displays."""
    table = amounts(0, 0.7)
    (shift,) = trained(table, "continuous").personalised.metrics["changed_offers"]
    assert (shift["offer_id"], shift["since"]) == ("b", "2026-11-06")
    assert shift["rows"] == pytest.approx(1500, rel=0.1)


def test_the_run_names_displays_that_are_set_aside() -> None:
    """The message states offer, day, number of displays and ratio."""
    (note,) = trained(log({"rising": (0.05, 0.3), "a": (0.15, 0.15), "b": (0.1, 0.1)})).notes[:1]
    assert note.startswith("rising earns ")
    assert "since 2026-11-13; its 8" in note
