"""The recipes of CONTRIBUTING: a toy candidate model, estimator and arm, added as described."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

import scorer.models
from scorer.arrays import Mask, Vector
from scorer.evaluation.feature_importance import importance_rows
from scorer.evaluation.policy_evaluation import training_rows
from scorer.explanations.effects import margin_effects
from scorer.features import encode_users
from scorer.models.calibration import Calibration
from scorer.models.protocol import RewardModel
from scorer.ope.contributions import Contributions
from scorer.ope.estimators import ESTIMATORS, ips
from scorer.ope.feedback import LoggedFeedback, TargetPolicy
from scorer.ranking.arms import ARMS, Arm
from scorer.ranking.batch import rank_batch
from scorer.ranking.context import Deployed, Offer, StrategyContext
from scorer.ranking.exploration import Keys
from scorer.registry.model_registry import ModelRegistry
from scorer.training.candidates import BEST_SINGLE, CANDIDATES, Fit
from scorer.training.plan import TrainingPlan
from scorer.training.train import Training, train
from scorer.training.workbench import Folds, Workbench
from tests.support import toys
from tests.support.benches import BOTH
from tests.support.ranking_inputs import candidates, context
from tests.support.training_inputs import declared, examples

SCHEMA = declared(("f1", "segment", "boolean"))
USERS = pa.table({"segment:f1": [True, False]})


def shop() -> pa.Table:
    """2,000 random displays; members of f1 want offer_1, all others offer_2."""
    rng = np.random.default_rng(0)
    member, offer = rng.integers(0, 2, (2, 2000))
    rewards = rng.random(2000) < np.where(member != offer, 0.5, 0.1)
    columns = {"segment:f1": member.astype(bool), "propensity": np.full(2000, 0.5)}
    return examples(columns, [f"offer_{o + 1}" for o in offer], rewards)


def segment_means(bench: Workbench, excluded: Folds) -> RewardModel:
    """Fit the toy model; what a candidate adds to ``scorer/training/candidates.py``."""
    from scorer.models.segment_means import SegmentMeans  # type: ignore[import-not-found]

    rows, made = bench.training(excluded), bench.examples
    member, offers, outcomes = made.users[rows, 0], made.offers[rows], bench.outcomes[rows]
    means = [[outcomes[(member == m) & (offers == o)].mean() for o in (0, 1)] for m in (0, 1)]
    margins = Calibration(bench.objective.link).invert(np.array(means))
    others, extra = margins[0], margins[1] - margins[0]
    return SegmentMeans(made.schema, made.catalogue.ready, others, extra, bench.calibration)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Iterator[Training]:
    """A training in which the toy model is the only candidate beside the best single offer."""
    places = [*scorer.models.__path__, str(Path(toys.__file__).parent)]
    monkeypatch.setattr(scorer.models, "__path__", places)
    with only_these({BEST_SINGLE: CANDIDATES[BEST_SINGLE], "segment_means": segment_means}):
        yield train(shop(), SCHEMA, TrainingPlan("binary", BOTH))
    sys.modules.pop("scorer.models.segment_means")


@contextmanager
def only_these(candidates: dict[str, Fit]) -> Iterator[None]:
    """Replace the candidates within the block; their order, which breaks ties, comes back too."""
    before = dict(CANDIDATES)
    CANDIDATES.clear()
    CANDIDATES.update(candidates)
    try:
        yield
    finally:
        CANDIDATES.clear()
        CANDIDATES.update(before)


def test_a_new_candidate_model_is_chosen_and_calibrated(trained: Training) -> None:
    """It is listed with the other candidates, passes the gate and scores probabilities."""
    model = trained.model
    assert trained.selection.chosen == model.kind == "segment_means"
    assert [c["name"] for c in trained.nominee.metrics["candidates"]] == [
        BEST_SINGLE,
        "segment_means",
    ]
    np.testing.assert_allclose(
        model.score(encode_users(USERS, model.schema)), [[0.5, 0.1], [0.1, 0.5]], atol=0.06
    )


def test_a_new_candidate_model_is_stored_and_ranks(trained: Training, tmp_path: Path) -> None:
    """Loaded from its files, it scores the same bit for bit and puts the better offer first."""
    registry = ModelRegistry(tmp_path)
    version = registry.save("s", trained.nominee, datetime(2026, 11, 1))
    loaded = registry.load("s", version)
    users = encode_users(USERS, loaded.schema)
    assert loaded.score(users).tobytes() == trained.model.score(users).tobytes()
    ready = {"deployed": Deployed(loaded, version), "ready_offer_ids": frozenset(BOTH)}
    ctx = context(offers=BOTH, **ready)
    batch = candidates(["p", "q"], **{"segment:f1": [True, False]})
    rows = rank_batch(ctx, batch).to_pylist()
    assert [r["offer_id"] for r in rows if r["rank"] == 1] == ["offer_1", "offer_2"]
    assert {r["model_version"] for r in rows} == {version}


def test_a_new_candidate_model_is_explained(trained: Training) -> None:
    """Its effects add up to its margins, and the segment is what matters."""
    model, inner = trained.model, trained.model.margin_model
    users, offers = encode_users(USERS, model.schema), np.array([0, 1])
    effects = margin_effects(inner, users, offers)
    assert [term.name for term in effects.terms] == ["offer", "f1"]
    np.testing.assert_allclose(effects.start, 0, atol=1e-6)
    np.testing.assert_allclose(inner.calibration.apply(effects.margins), model.shown(users, offers))
    rows = importance_rows(model, shop())
    assert {(r["measure"], r["feature_name"]) for r in rows} >= {("interaction", "f1")}


def clipped(feedback: LoggedFeedback, policy: TargetPolicy, weight: Vector) -> Contributions:
    """Inverse propensity score with weights of at most 1.5."""
    return ips(feedback, policy, np.minimum(weight, 1.5))


def test_a_new_estimator_has_rows_in_policy_evaluation(
    trained: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row per policy; clipping every weight of 2 to 1.5 takes a quarter of the value."""
    monkeypatch.setitem(ESTIMATORS, "clipped", clipped)
    rows = training_rows(trained, dict.fromkeys((BEST_SINGLE, "new", "previous")))
    values = {(r["policy"], r["estimator"]): r["policy_value"] for r in rows}
    for policy in (BEST_SINGLE, "new"):
        assert values[policy, "clipped"] == pytest.approx(0.75 * values[policy, "ips"])


def by_priority(context: StrategyContext, eligible: Mask, keys: Keys) -> np.ndarray:
    """Eligible offers in the order of the candidates: by priority."""
    return np.argsort(~eligible, axis=1, kind="stable")[:, : context.top_k]


def test_a_new_arm_serves_its_share_with_true_propensities(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside exploration: each offer comes first as often as its propensity says."""
    arm = Arm("by_priority", "noncontextual", lambda context: 0.3, by_priority)
    monkeypatch.setitem(ARMS, "by_priority", arm)
    catalogue = [Offer("a", priority=9), Offer("b"), Offer("c")]
    ctx = context({"a": [0.1], "b": [0.3], "c": [0.2]}, catalogue, exploration_share=0.2)
    rows = rank_batch(ctx, candidates([f"p{i}" for i in range(20_000)])).to_pylist()
    first = [r for r in rows if r["rank"] == 1]
    own = [r for r in first if r["policy"] == "by_priority"]
    assert {(r["offer_id"], r["traffic_type"], r["is_exploration"]) for r in own} == {
        ("a", "noncontextual", False)
    }
    assert {r["offer_id"]: pytest.approx(r["propensity"]) for r in first} == {
        "a": 0.3 + 0.2 / 3,
        "b": 0.5 + 0.2 / 3,
        "c": 0.2 / 3,
    }
    for counted, share in ((len(own), 0.3), *_observed(first)):
        low, high = stats.binom.interval(0.9999, len(first), share)
        assert low <= counted <= high


def _observed(rows: list[dict[str, Any]]) -> list[tuple[int, float]]:
    """How often each offer comes first, and its propensity."""
    counts = Counter(r["offer_id"] for r in rows)
    propensities = {r["offer_id"]: r["propensity"] for r in rows}
    return [(counts[offer], share) for offer, share in propensities.items()]


def test_a_new_arm_waits_for_the_first_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until an offer can be scored, everything is random."""
    monkeypatch.setitem(
        ARMS, "by_priority", Arm("by_priority", "noncontextual", lambda c: 0.3, by_priority)
    )
    rows = rank_batch(context(None, "abc"), candidates([f"p{i}" for i in range(50)])).to_pylist()
    assert {r["policy"] for r in rows} == {"uniform"}
    np.testing.assert_allclose([r["propensity"] for r in rows], 1 / 3)
