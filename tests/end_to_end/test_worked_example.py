"""The worked example of the reference: an interaction that no main effect reveals."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from tests.support.pipeline_runs import published, run
from tests.support.xdm_events import click, display, write_lines

AS_OF = datetime(2026, 9, 13)
FIRST_AT = {(0, 0): "offer_1", (0, 1): "offer_2", (1, 1): "offer_1"}


def _responds(offer: str, one: int, two: int) -> bool:
    return one == two if offer == "offer_1" else (one, two) == (0, 1)


def _event(number: int, rng: random.Random) -> list[dict]:
    one, two, offer = rng.randrange(2), rng.randrange(2), rng.choice(["offer_1", "offer_2"])
    at = AS_OF - timedelta(days=2, minutes=rng.randrange(7000))
    context = {"environment": {"type": str(one)}, "device": {"type": str(two)}}
    events = [display(f"d{number}", at, f"p{one}{two}-{number}", [offer], **context)]
    if rng.random() < (0.8 if _responds(offer, one, two) else 0.1):
        events.append(
            click(
                f"c{number}",
                at + timedelta(minutes=1),
                f"p{one}{two}-{number}",
                offer,
                f"d{number}",
            )
        )
    return events


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder after one cycle on 1,200 displays."""
    folder = tmp_path_factory.mktemp("example")
    rng = random.Random(1)
    events = [event for number in range(1200) for event in _event(number, rng)]
    write_lines(folder / "raw" / "experience_events.ndjson", events)
    (folder / "raw" / "context_features.csv").write_text(
        "feature_name,path,value_type\n"
        "feature_1,environment.type,category\nfeature_2,device.type,category\n"
    )
    run(folder / "home", folder / "raw", AS_OF)
    return folder / "home"


@pytest.mark.parametrize(("features", "offer"), FIRST_AT.items())
def test_the_better_offer_is_first_for_each_pair_of_features(
    ranked: Path, features: tuple[int, int], offer: str
) -> None:
    """The model ranks offer_2 first for everybody at (0, 1) and offer_1 at (0, 0) and (1, 1)."""
    found = published(
        ranked,
        "select distinct offer_id from ranked_offers where rank = 1 and policy = 'model'"
        f" and profile_id like 'p{features[0]}{features[1]}-%'",
    )
    assert found == [{"offer_id": offer}]


def test_the_table_of_interactions_shows_the_interaction(ranked: Path) -> None:
    """offer_1's rate differs by the pair of features and by neither feature alone."""
    rates = published(
        ranked,
        "select feature_value, other_feature_value, rate from offer_feature_interactions"
        " where offer_id = 'offer_1' and feature_name = 'feature_1'"
        " and other_feature_name = 'feature_2'",
    )
    found = {(int(r["feature_value"]), int(r["other_feature_value"])): r["rate"] for r in rates}
    for one, two in product((0, 1), (0, 1)):
        assert (found[one, two] > 0.6) == (one == two)
    alone = published(
        ranked,
        "select rate from offer_feature_interactions"
        " where offer_id = 'offer_1' and other_feature_name is null",
    )
    assert all(0.3 < row["rate"] < 0.6 for row in alone)


def test_exploration_is_a_tenth_and_uniform(ranked: Path) -> None:
    """About a tenth of the people explore; propensities are those of the mixture."""
    share = published(
        ranked, "select avg(is_exploration::int) as share from ranked_offers where rank = 1"
    )
    assert 0.06 < share[0]["share"] < 0.14
    found = published(
        ranked,
        "select distinct policy, round(propensity, 6) as propensity from ranked_offers",
    )
    assert {(row["policy"], row["propensity"]) for row in found} == {
        ("model", 0.95),
        ("uniform", 0.05),
        ("uniform", 0.95),
    }
