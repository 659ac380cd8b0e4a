"""Real randomised offers with known truth: the ranking earns what it should."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from scorer.features import FeatureSchema
from scorer.ranking.context import Deployed, Offer, StrategyContext
from scorer.ranking.requests import rank_requests
from scorer.training.plan import TrainingPlan
from scorer.training.train import train
from tests.support.paths import DATA
from tests.support.ranking_inputs import AS_OF
from tests.support.training_inputs import declared

pytestmark = pytest.mark.skipif(
    not (DATA / "choice_truth.parquet").exists(),
    reason="the development data are not there (../shared/data beside the repository)",
)


def read(name: str, split: str, days: int = 1000) -> pa.Table:
    """Rows of the last days of a split, with the offer that would succeed."""
    return duckdb.sql(
        "select d.*, request_id as display_id, clicked::double as reward, best_offer"
        f" from '{DATA / name}.parquet' as d join '{DATA}/choice_truth.parquet' using (request_id)"
        " where split = $split qualify event_ts > max(event_ts) over () - to_days($days)",
        params={"split": split, "days": days},
    ).to_arrow_table()


def features(table: pa.Table) -> FeatureSchema:
    """Every seg_ and ctx_ column; all of them are booleans and numbers here."""
    triples = [
        (c[4:], "segment", "boolean") if c.startswith("seg_") else (c[4:], "context", "number")
        for c in table.column_names
        if c.startswith(("seg_", "ctx_"))
    ]
    return declared(*triples)


def renamed(table: pa.Table) -> pa.Table:
    """Feature columns named by kind, as the marts give them."""
    names = [
        c.replace("seg_", "segment:", 1) if c.startswith("seg_") else c.replace("ctx_", "context:")
        for c in table.column_names
    ]
    return table.rename_columns(names)


def best_single(table: pa.Table) -> str:
    """Offer with the largest mean reward."""
    means = table.group_by("offer_id").aggregate([("reward", "mean")])
    return means["offer_id"][int(np.argmax(means["reward_mean"].to_numpy()))].as_py()


@pytest.mark.parametrize("days", [1000, 30])
@pytest.mark.parametrize("name", ["choice_cracker", "choice_yogurt"])
def test_the_ranking_earns_at_least_1_3_times_the_best_single_offer(name: str, days: int) -> None:
    """On held-out requests, a model trained on all earlier ones or on 30 days earns more."""
    logged, held_out = read(name, "train", days), read(name, "test")
    offer_ids = tuple(sorted(pc.unique(logged["offer_id"]).to_pylist()))
    model = train(renamed(logged), features(logged), TrainingPlan("binary", offer_ids)).model
    everything = {"all": frozenset(offer_ids)}
    ctx = StrategyContext(
        strategy_id="s",
        as_of=AS_OF,
        offers=tuple(Offer(o) for o in offer_ids),
        eligibility=everything,
        default_sets={name: everything["all"]},
        deployed=Deployed(model, "v1"),
        ready_offer_ids=everything["all"],
        exploration_share=0.0,
    )
    rows = rank_requests(held_out, ctx).rows
    firsts = rows.filter(pc.equal(rows["rank"], 1)).select(["request_id", "offer_id"])
    truth = held_out.select(["request_id", "best_offer"]).join(firsts, "request_id")
    assert truth.num_rows == held_out.num_rows
    earned = pc.mean(pc.equal(truth["offer_id"], truth["best_offer"])).as_py()
    single = pc.mean(pc.equal(truth["best_offer"], best_single(logged))).as_py()
    assert earned >= 1.3 * single
