"""Queries of the pages Interactions, Policy value, Health and Ranked offers."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from app.database import Publication, find_publication
from app.queries import health, interactions, policy_value, ranked_offers
from app.sentences import ranked_offers as sentences
from benchmarks.synthetic_publication import (
    HOSTILE_OFFERS,
    NEWEST_VERSION,
    World,
    small_world,
    write_publication,
)
from tests.support.opening import today

SMALL = small_world()
STRATEGY, PLACEMENT = SMALL.places[0]


def published(home: Path, world: World = SMALL, **changes: Any) -> Publication:
    """Return a full publication with changes to some marts."""
    write_publication(home, today(), world, changes=changes)
    found = find_publication(home)
    assert found is not None
    return found


def person_of(publication: Publication) -> pd.DataFrame:
    """Return the features of the person that the ranking used."""
    return ranked_offers.person(publication, STRATEGY, "p0", PLACEMENT)


def test_pairs_are_ranked_by_their_interaction(tmp_path: Path) -> None:
    """An exclusive-or of 20 and 2 % has strength 0.09 / 0.11, shrunk; a flat offer has strength
    0."""
    found = interactions.pairs(published(tmp_path), STRATEGY, None)
    strengths = dict(zip(found["offer_id"], found["strength"], strict=True))
    assert strengths["loan"] == pytest.approx(0.09 / 0.11 * 1000 / 1100, rel=0.01)
    assert strengths["card"] == 0


def test_additive_features_have_no_interaction(tmp_path: Path) -> None:
    """Two features that each double the rate, added up, have strength 0 as a pair."""
    twice = "if({} = 'true', 0.05, 0)"
    rate = f"0.05 + {twice.format('feature_value')} + {twice.format('other_feature_value')}"
    publication = published(tmp_path, offer_feature_interactions={"rate": rate})
    found = interactions.pairs(publication, STRATEGY, None)
    assert found["strength"].tolist() == [0, 0]


def test_an_offer_that_everybody_likes_alike_is_not_personal(tmp_path: Path) -> None:
    """A rate that no feature changes has strength 0."""
    found = interactions.personal_offers(published(tmp_path), STRATEGY)
    assert found["strength"].tolist() == [0, 0]
    assert found["rate"].tolist() == pytest.approx([0.11, 0.11])


def test_cells_of_a_pair_come_with_each_feature_by_itself(tmp_path: Path) -> None:
    """Four cells and two values of each feature, whatever the order of the names."""
    publication = published(tmp_path)
    found = interactions.of_pair(publication, STRATEGY, "loan", ("gold", "age"))
    assert found["other_feature_name"].notna().sum() == 4
    assert sorted(found[found["other_feature_name"].isna()]["feature_name"]) == [
        "age",
        "age",
        "gold",
        "gold",
    ]


def test_the_last_evaluation_is_in_order_and_without_figures_where_insufficient(
    tmp_path: Path,
) -> None:
    """Random, best single, previous, new, deployed; an insufficient row shows no figures."""
    publication = published(tmp_path, policy_evaluation={"status": "'insufficient'"})
    found = policy_value.latest(publication, STRATEGY)
    assert list(dict.fromkeys(found["policy"])) == [
        "random",
        "best_single",
        "previous",
        "new",
        "deployed",
    ]
    figures = ["policy_value", "value_low", "value_high", "effective_sample_size"]
    assert found[[*figures, "lift_over_random"]].isna().all(axis=None)
    assert found["matching_responses"].tolist() == [300] * 25


def test_rejected_records_are_counted_by_reason(tmp_path: Path) -> None:
    """Three records of a reason are one row with an example."""
    reason = {
        "reason": "'no event id'",
        "source_file": "'events.ndjson'",
        "raw_text": "'{}'",
        "records": "1",
    }
    found = health.rejected(published(tmp_path, rejected_events=reason))
    assert found[["reason", "records", "files"]].values.tolist() == [["no event id", 3, 1]]
    assert found["example"].tolist() == ["{}"]


def test_distributions_have_both_sides(tmp_path: Path) -> None:
    """Shares of the base and of the new side are in one row per value."""
    found = health.distributions(published(tmp_path), STRATEGY, "latest_week", "age")
    assert found[["feature_value", "base_share", "new_share"]].values.tolist() == [
        ["false", 0.2, 0.8],
        ["true", 0.8, 0.2],
    ]


def test_reasons_are_those_of_the_model_with_the_persons_values(tmp_path: Path) -> None:
    """The cells with the values of the person, ordered by share in the model."""
    publication = published(tmp_path)
    row = ranked_offers.of_profile(publication, STRATEGY, "p0", None).iloc[0]
    found = ranked_offers.reasons(publication, row, person_of(publication))
    assert found[["name", "value", "share"]].values.tolist() == [
        ["age x gold", "true, false", 0.8],
        ["age", "true", 0.2],
        ["gold", "false", 0.05],
    ]
    assert found["lift"].iloc[0] == pytest.approx(0.02 / 0.11 - 1)


def test_numbers_are_read_in_their_quarter(tmp_path: Path) -> None:
    """A number belongs to the cell of its quarter, upper end included."""
    key = {"strategy_id": STRATEGY, "feature_name": "width"}
    quarters = [
        {**key, "feature_value": "up to 390.0", "above": None, "up_to": 390.0},
        {**key, "feature_value": "over 390.0", "above": 390.0, "up_to": None},
    ]
    feature = {**key, "feature_order": 1, "feature_kind": "context", "value_type": "number"}
    cells = [
        {**key, "offer_id": "loan", "feature_value": value, "displays": 100, "lift": lift}
        for value, lift in (("up to 390.0", 0.5), ("over 390.0", -0.5))
    ]
    publication = published(
        tmp_path,
        feature_quarters=quarters,
        strategy_features=[feature],
        ranking_candidates={"context": "map {'width': '390'}"},
        offer_feature_interactions=cells,
        feature_importance=[],
    )
    row = ranked_offers.of_profile(publication, STRATEGY, "p0", None).iloc[0]
    found = ranked_offers.reasons(publication, row, person_of(publication))
    assert found[["name", "value", "lift"]].values.tolist() == [["width", "up to 390.0", 0.5]]


def test_members_and_others_are_counted_at_rank_one(tmp_path: Path) -> None:
    """One member gets the first offer; nobody else is ranked."""
    found = ranked_offers.of_segment(published(tmp_path), STRATEGY, "age", None)
    assert found[["offer_id", "members", "others"]].values.tolist() == [["loan", 1, 0]]


@pytest.mark.parametrize("text", ["plain", *HOSTILE_OFFERS])
def test_the_sql_to_copy_gives_the_same_rows(text: str, tmp_path: Path) -> None:
    """SQL of a profile and of a segment, run as it is, returns what the page shows."""
    world = small_world(text)
    publication = published(tmp_path, world)
    (strategy, placement), segment = world.places[0], world.features[0]
    shown = [
        ranked_offers.of_profile(publication, strategy, "p0", placement),
        ranked_offers.rows_of_segment(publication, strategy, segment, placement, 100),
    ]
    copied = [
        sentences.sql_of_profile(strategy, "p0", placement),
        sentences.sql_of_segment(strategy, segment, placement),
    ]
    with duckdb.connect(publication.path, read_only=True) as connection:
        for frame, sql in zip(shown, copied, strict=True):
            rows = connection.execute(sql).df()
            assert len(rows) == 2
            pd.testing.assert_frame_equal(rows, frame[rows.columns], check_dtype=False)


def test_the_download_holds_the_rows_and_no_more_than_the_limit(tmp_path: Path) -> None:
    """CSV and Parquet contain the rows; the limit applies to the rows of a segment."""
    publication = published(tmp_path)
    rows = ranked_offers.rows_of_segment(publication, STRATEGY, "age", None, 1)
    assert len(rows) == 1
    (tmp_path / "rows.parquet").write_bytes(sentences.parquet(rows))
    assert pd.read_parquet(tmp_path / "rows.parquet")["offer_id"].tolist() == ["loan"]
    assert NEWEST_VERSION in sentences.csv(rows).decode()


@pytest.mark.parametrize("text", HOSTILE_OFFERS)
def test_the_command_to_explain_is_one_word_per_option(text: str, tmp_path: Path) -> None:
    """A shell reads the copied command as five words, even with special characters in ids."""
    row = pd.Series(
        {"strategy_id": text, "profile_id": text, "placement_id": "h", "offer_id": text}
    )
    words = shlex.split(sentences.explain_command(row))
    assert words[:2] == ["nextoffer", "explain"]
    assert words[2:] == [
        f"--strategy={text}",
        f"--profile={text}",
        "--placement=h",
        f"--offer={text}",
    ]
