"""Until two offers are ready all traffic is random; a new offer is shown in exploration only."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from tests.support.pipeline_runs import published, run

AS_OF = datetime(2026, 9, 13)
COUNTS = "select offer_id, displays, successes, is_ready from offer_readiness order by 1"
RUN = "select status, reason, offers_ready, model_version from training_runs"


def _write(raw: Path, counts: dict[str, tuple[int, int]]) -> None:
    """Write flat displays of offer -> (displays, successes), the newest 50 minutes before AS_OF."""
    raw.mkdir(exist_ok=True)
    rows = ["event_ts,profile_id,offer_id,request_id,clicked,traffic_type"]
    for offer, (displays, successes) in counts.items():
        for number in range(displays):
            at = AS_OF - timedelta(minutes=50 + 7 * number)
            clicked = int(number < successes)
            rows.append(
                f"{at.isoformat()},p{number % 200},{offer},{offer}-{number},{clicked},random"
            )
    (raw / "displays.csv").write_text("\n".join(rows) + "\n")
    (raw / "ranking_strategies.csv").write_text("strategy_id,top_k\nclicks,1\n")


def test_just_below_the_thresholds_everything_is_random(tmp_path: Path) -> None:
    """With fewer than two ready offers a strategy collects data and says what is missing."""
    cases = {
        "displays": ({"a": (250, 25), "b": (249, 25)}, 1),
        "successes": ({"c": (250, 25), "d": (250, 24)}, 1),
        "both": ({"e": (249, 25), "f": (250, 24)}, 0),
        "nothing": ({"g": (300, 0), "h": (300, 0)}, 0),
    }
    raw = tmp_path / "raw"
    _write(raw, {offer: counts for offers, _ in cases.values() for offer, counts in offers.items()})
    lines = [f"{case},{offer}" for case, (offers, _) in cases.items() for offer in offers]
    (raw / "ranking_strategies.csv").write_text("strategy_id,top_k\n" + ",1\n".join([*cases, ""]))
    (raw / "strategy_offers.csv").write_text("\n".join(["strategy_id,offer_id", *lines]) + "\n")
    run(tmp_path / "home", raw, AS_OF)
    for case, (_, ready) in cases.items():
        reason = f"{ready} of 2 offers ready, 2 needed"
        if case == "nothing":
            reason = "no success events in the window"
        assert published(tmp_path / "home", f"{RUN} where strategy_id = '{case}'") == [
            {
                "status": "collecting",
                "reason": reason,
                "offers_ready": ready,
                "model_version": None,
            }
        ]
    assert published(
        tmp_path / "home",
        "select distinct traffic_type, is_exploration, policy, propensity, score, model_version"
        " from ranked_offers",
    ) == [
        {
            "traffic_type": "random",
            "is_exploration": True,
            "policy": "uniform",
            "propensity": 0.5,
            "score": None,
            "model_version": None,
        }
    ]


def test_at_the_thresholds_ranking_begins_and_a_new_offer_is_only_explored(tmp_path: Path) -> None:
    """250 displays with 25 successes make an offer ready; one below that is explored only.

    No feature changes what people like, so everybody who does not explore sees the better offer.
    """
    _write(tmp_path / "raw", {"a": (250, 25), "b": (250, 40), "new": (60, 30)})
    run(tmp_path / "home", tmp_path / "raw", AS_OF)
    assert [(r["offer_id"], r["is_ready"]) for r in published(tmp_path / "home", COUNTS)] == [
        ("a", True),
        ("b", True),
        ("new", False),
    ]
    assert published(tmp_path / "home", "select status from training_runs") == [
        {"status": "held_back"}
    ]
    assert published(
        tmp_path / "home",
        "select distinct offer_id, policy, traffic_type from ranked_offers"
        " where rank = 1 and not is_exploration",
    ) == [{"offer_id": "b", "policy": "best_single", "traffic_type": "contextual"}]
    shown = published(
        tmp_path / "home",
        "select is_exploration, list(distinct offer_id order by offer_id) as offers"
        " from ranked_offers group by 1 order by 1",
    )
    assert "new" not in shown[0]["offers"]
    assert "new" in shown[1]["offers"]
