"""If personalisation gains nothing, the best single offer is served and no lift is claimed.

One run on each of four randomised logs: two with amounts and much data, two with few clicks.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import exit_code
from tests.support.flat_logs import write_log
from tests.support.paths import DATA
from tests.support.pipeline_runs import published

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (DATA / "karlan_list.parquet").exists(),
        reason="needs the development data in ../shared/data",
    ),
]
MONEY = {"kpi_type": "continuous", "value_path": "commerce.order.priceTotal", "lookback_days": 100}
FEW = {"min_displays": 50, "min_successes": 1}
RUNS = {
    "karlan_list": ("2026-04-02", MONEY),
    "penn_bonus": ("2026-04-02", MONEY),
    "obd_random_men": ("2019-12-02", FEW),
    "obd_bts_men": ("2019-12-02", FEW),
}


@pytest.fixture(params=RUNS, scope="module")
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of one run on a data set, named after the data set."""
    as_of, strategy = RUNS[request.param]
    folder = tmp_path_factory.mktemp("log")
    home = folder / request.param
    write_log(request.param, folder / "raw", {"strategy_id": "log", "top_k": 1} | strategy)
    assert exit_code("run", "--raw", folder / "raw", "--as-of", as_of, "--home", home) == 0
    return home


def test_the_best_single_offer_is_served(log: Path) -> None:
    """The run is held back with a reason, and all who do not explore see the same offer."""
    (run,) = published(
        log, "select status, reason, offers_ready, offers_personalised from training_runs"
    )
    assert run["status"] == "held_back"
    assert run["reason"]
    assert run["offers_ready"] >= 2
    assert run["offers_personalised"] == 0
    shown = published(
        log,
        "select policy, traffic_type, count(distinct offer_id) as offers from ranked_offers"
        " where rank = 1 and not is_exploration group by all",
    )
    assert shown == [{"policy": "best_single", "traffic_type": "contextual", "offers": 1}]
    (deployed,) = published(log, "select model_kind from model_versions where is_deployed")
    assert deployed["model_kind"] == "best_single"


def test_no_lift_is_claimed(log: Path) -> None:
    """No estimator but dm may have a lift interval of the new model entirely above zero."""
    found = published(log, "select * from policy_evaluation where policy = 'new'")
    assert {row["estimator"] for row in found} >= {"ips", "snips", "dm", "dr", "dr_shrunk"}
    claimed = [
        row["estimator"]
        for row in found
        if row["lift_over_best_single_low"] is not None and row["lift_over_best_single_low"] > 0
    ]
    assert claimed in ([], ["dm"]), "only dm, which trusts the model's own scores, may claim a lift"


def test_too_few_clicks_are_called_insufficient(log: Path) -> None:
    """With too few matching clicks the status is insufficient and the value is NULL."""
    found = published(
        log,
        "select distinct status, policy_value is null as unknown from policy_evaluation"
        " where policy in ('new', 'best_single')",
    )
    is_small = log.name.startswith("obd")
    status = "insufficient" if is_small else "ok"
    assert found == [{"status": status, "unknown": is_small}]
