"""Explanations: effects add up to margins, and the reason is the right one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from scorer.cli.app import main
from scorer.config import Settings
from scorer.cycle.one_strategy import rank_strategy
from scorer.errors import ConfigurationError
from scorer.explanations.effects import (
    effect_text,
    feature_name,
    margin_effects,
)
from scorer.explanations.explain import Asked, explain
from scorer.features import encode_users
from scorer.models.calibration import Calibration
from scorer.progress import Silent
from scorer.registry.model_registry import ModelRegistry
from scorer.warehouse.database import connect_build
from tests.support.benches import KINDS, fitted
from tests.support.small_home import make_home
from tests.support.training_inputs import declared, worked_example


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home whose model personalises."""
    return make_home(tmp_path_factory.mktemp("explain") / "home")


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home folder where nothing depends on the person, so the gate holds the model back."""
    home = tmp_path_factory.mktemp("flat") / "home"
    return make_home(home, rates=(0.2, 0.2), share=0.5)


@pytest.fixture
def reranked(settings: Settings) -> Iterator[Callable[[str], None]]:
    """Change the build, rank again, and restore it afterwards."""

    def rerank(change: str) -> None:
        with connect_build(settings.build_path) as connection:
            connection.execute(change)
            rank_strategy(connection, settings, "s", Silent())

    yield rerank
    rerank(
        "update offer_readiness set is_ready = offer_id in ('offer_1', 'offer_2');"
        "update dim_ranking_strategies set exploration_share = 0"
    )


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "best_single"])
def test_effects_add_up_to_the_margin(kind: str) -> None:
    """Start and terms sum to the margin that the model ranks by, for every kind of model."""
    model = fitted(kind).margin_model
    assert model is not None
    users = encode_users(worked_example(1, 25), model.schema)
    own = (np.arange(50), np.arange(50) % 2)
    effects = margin_effects(model, users, own[1])
    total = effects.start + effects.values.sum(axis=1)
    np.testing.assert_allclose(total, effects.margins, rtol=0, atol=1e-12)
    np.testing.assert_allclose(total, model.margins(users)[own], atol=1e-5)
    np.testing.assert_allclose(effects.start, effects.start[0], atol=1e-4)
    scores = model.score(users)[own]
    np.testing.assert_allclose(model.calibration.apply(total), scores, rtol=1e-4)


def test_effects_are_read_as_factors_or_amounts() -> None:
    """On a log or logit scale an effect multiplies, on a linear one it adds."""
    assert effect_text(np.log(1.8), Calibration("logit")) == "x1.80"
    assert effect_text(np.log(4.0), Calibration("log", 0.5)) == "x2.00"
    assert effect_text(1.5, Calibration("identity", 2.0)) == "+3"


def test_the_first_offer_is_explained_by_the_planted_interaction(settings: Settings) -> None:
    """f1 x f2 makes the difference, and the served rows equal the table."""
    found = explain(settings, Asked("p1"))
    assert found["decided_by"] == "model"
    assert found["offer"]["offer_id"] == found["served"][0]["offer_id"]
    comparison = found["comparison"]
    assert comparison["terms"][0]["term"] == "f1 x f2"
    for side in (0, 1):
        total = sum(term["effects"][side] for term in comparison["terms"])
        assert comparison["start"][side] + total == pytest.approx(comparison["margins"][side])
    with connect_build(settings.build_path, read_only=True) as connection:
        rows = connection.execute(
            "select rank, offer_id, score from scorer.ranked_offers where profile_id = 'p1'"
            " order by rank"
        ).fetchall()
    assert rows == [(r["rank"], r["offer_id"], r["score"]) for r in found["served"]]


def test_changes_really_change_the_order(settings: Settings) -> None:
    """With the changed value, the other offer comes first; flips are found."""
    found = explain(settings, Asked("p0"))
    first = found["served"][0]["offer_id"]
    assert {"f1", "f2"} <= {change["feature"] for change in found["changes"]}
    model = ModelRegistry(settings.models_dir).load("s", found["model_version"])
    person = {p["feature"]: p["value"] for p in found["person"]}
    for change in found["changes"]:
        value = person | {change["feature"]: change["value"]}
        table = pa.table(
            {
                "placement_id": ["web"],
                "segment:f1": [bool(value["f1"])],
                "context:f2": pa.array([value["f2"]]).cast(pa.string()),
            }
        )
        scores = model.score(encode_users(table, model.schema))[0]
        best = model.offer_ids[int(scores.argmax())]
        assert best == change["offer_id"] != first
        assert scores.max() == pytest.approx(change["score"])


@pytest.mark.parametrize(
    ("profile", "offer", "why"),
    [
        ("p9", "offer_4", "it has reached a limit of the capping rules"),
        ("p0", "offer_5", "it ended on 2026-11-01"),
        ("p0", "offer_6", "it is a fallback offer"),
        ("p1", "offer_7", "it is only for segment gold"),
    ],
)
def test_an_ineligible_offer_has_a_reason(
    settings: Settings, profile: str, offer: str, why: str
) -> None:
    """The first reason that holds for the profile, its set, the placement and the strategy."""
    found = explain(settings, Asked(profile, "web", offer))
    assert not found["offer"]["is_eligible"]
    assert found["offer"]["why_not_eligible"] == why
    assert found["comparison"] is None


def test_an_offer_that_is_not_ready_shows_its_counts(settings: Settings) -> None:
    """An offer that is not ready shows its displays and successes, and no comparison."""
    found = explain(settings, Asked("p0", offer_id="offer_3"))
    assert found["offer"]["readiness"] == {
        "is_ready": False,
        "displays": 30,
        "min_displays": 250,
        "successes": 2,
        "min_successes": 25,
    }
    assert found["offer"]["model_rank"] == 3
    assert found["comparison"] is None


def test_a_fallback_offer_is_explained(settings: Settings) -> None:
    """A person without an eligible offer gets the fallback offer, with the reason."""
    found = explain(settings, Asked("p8"))
    assert (found["decided_by"], found["served"][0]["offer_id"]) == ("fallback", "offer_6")


def test_a_random_order_is_explained(settings: Settings, reranked: Callable[[str], None]) -> None:
    """Explorers, and everybody before a model ranks, get a random order with the reason."""
    reranked("update dim_ranking_strategies set exploration_share = 1 - 1e-9")
    found = explain(settings, Asked("p0"))
    assert found["decided_by"] == "exploration"
    assert found["model_order"][0]["offer_id"] == "offer_1"
    reranked("update offer_readiness set is_ready = false")
    found = explain(settings, Asked("p0"))
    assert (found["decided_by"], found["model_order"]) == ("collecting", [])
    assert found["reason"].startswith("no model ranks, all traffic is random")


def test_the_best_single_offer_comes_with_the_verdict_of_the_gate(flat: Settings) -> None:
    """If the gate holds the model back, everybody gets one offer, with the reason of the gate."""
    found = [explain(flat, Asked(f"p{i}")) for i in range(8)]
    decided = [f for f in found if f["decided_by"] == "best_single"]
    assert len({f["served"][0]["offer_id"] for f in decided}) == 1
    assert "best single offer" in decided[0]["reason"]
    assert decided[0]["comparison"] is None
    assert decided[0]["changes"] == []
    assert {f["decided_by"] for f in found} <= {"best_single", "exploration", "fallback"}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Asked("nobody"), "'nobody' is unknown.*for example: p0"),
        (Asked("p0", "moon"), "'moon' is unknown.*there are: web"),
        (Asked("p0", "web", "offer_99"), "'offer_99' is unknown; there are: offer_1"),
    ],
)
def test_unknown_names_raise_an_error_that_lists_known_ones(
    settings: Settings, asked: Asked, message: str
) -> None:
    """Unknown profiles, placements and offers raise one line that names known ones."""
    with pytest.raises(ConfigurationError, match=message):
        explain(settings, asked)


def test_an_unknown_strategy_or_cycle_is_named(settings: Settings) -> None:
    """An unknown strategy lists the known ones; another cycle is an error."""
    with pytest.raises(ConfigurationError, match="unknown; there are: s"):
        explain(replace(settings, strategy="t"), Asked("p0"))
    with pytest.raises(ConfigurationError, match="holds the cycle of 2026-11-15"):
        explain(replace(settings, as_of=settings.as_of.replace(day=16)), Asked("p0"))


@pytest.mark.parametrize("offer", [[], ["--offer", "offer_2"], ["--offer", "offer_3"]])
def test_the_command_prints_text_and_json(
    settings: Settings, capsys: pytest.CaptureFixture[str], offer: list[str]
) -> None:
    """People get a table in at most 40 lines, programs get everything."""
    command = ["explain", "--home", str(settings.home), "--profile", "p1", *offer]
    outputs = []
    for more in ([], ["--json"]):
        with pytest.raises(SystemExit) as ended:
            main([*command, *more])
        assert not ended.value.code
        outputs.append(capsys.readouterr().out)
    assert "Decided by model" in outputs[0]
    assert len(outputs[0].splitlines()) <= 40
    assert json.loads(outputs[1])["profile_id"] == "p1"


def test_two_features_of_one_name_are_distinguished() -> None:
    """A name that two features share is shown with its kind."""
    schema = declared(("x", "segment", "boolean"), ("x", "context", "number"))
    assert [feature_name(schema, j) for j in (0, 1)] == ["segment:x", "context:x"]
