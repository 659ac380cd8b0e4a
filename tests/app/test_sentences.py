"""Sentences of the pages with figures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from app.sentences import model, overview, performance
from app.sentences.overview import changes


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (None, "Nothing was personalised in the last 7 days"),
        ({"status": "insufficient", "lift_low": None}, "Too little data"),
        ({"status": "ok", "lift_low": float("nan")}, "Too little data"),
        ({"status": "ok", "lift_low": 0.1, "lift_high": 0.3}, "is better than random"),
        ({"status": "ok", "lift_low": -0.3, "lift_high": -0.1}, "is worse than random"),
        ({"status": "ok", "lift_low": -0.1, "lift_high": 0.1}, "No difference beyond chance"),
    ],
)
def test_the_verdict_follows_the_interval(row: dict[str, object] | None, words: str) -> None:
    """Better or worse only if the whole interval is on one side of 0."""
    given = None if row is None else pd.Series({"power_sentence": None, **row}, dtype=object)
    assert words in performance.verdict(given, "last 7 days")


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((None, None), "Too little data for a lift over control"),
        ((0.1, 0.3), "better than control, by more than chance"),
        ((-0.3, -0.1), "worse than control, by more than chance"),
        ((-0.1, 0.1), "not different from control beyond chance"),
    ],
)
def test_the_lift_over_control_follows_its_interval(
    ends: tuple[float | None, float | None], words: str
) -> None:
    """Without a control arm there is no sentence, with one it says what is proven."""
    given = {
        "status_over_control": "ok",
        "lift_over_control": 0.0,
        "lift_over_control_low": ends[0],
        "lift_over_control_high": ends[1],
        "power_sentence_over_control": None,
    }
    assert words in performance.over_control(pd.Series(given, dtype=object))
    assert performance.over_control(pd.Series(given | {"status_over_control": None})) == ""
    assert performance.over_control(None) == ""


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        (["worse", "better"], "makes a guardrail worse"),
        (["not proven", "better"], "makes no guardrail worse"),
        (["too few", "too few"], "Too little data"),
    ],
)
def test_guardrails_are_summed_up_in_one_sentence(verdicts: list[str], words: str) -> None:
    """One guardrail that gets credibly worse is named, whatever the others do."""
    frame = pd.DataFrame(
        {"arm": "personalised", "guardrail": ["revenue", "visits"], "verdict": verdicts}
    )
    assert words in performance.guardrails(frame)
    assert ("revenue" in performance.guardrails(frame)) == (verdicts[0] == "worse")


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (1.02, "right within 5 %"),
        (1.3, "too low: the reward was 130 %"),
        (0.7, "too high: the reward was 70 %"),
        (None, "too few successes"),
    ],
)
def test_calibration_says_which_way_the_scores_are_wrong(ratio: float | None, words: str) -> None:
    """Scores are too low if the reward exceeds them, too high if it falls short."""
    assert words in model.calibration(ratio)


def test_commands_are_quoted_for_a_shell() -> None:
    """Neither the name of a strategy nor a folder can inject another command."""
    versions = pd.DataFrame({"model_version": ["new", "old"], "is_deployed": [True, False]})
    lines = model.commands(Path("/my home"), "web; rm -rf $HOME", versions)
    assert lines[1] == "nextoffer models promote --home '/my home' 'web; rm -rf $HOME' old"


@pytest.mark.parametrize(
    ("status", "version", "kind", "words"),
    [
        ("succeeded", "v1", "residual_trees", "A model is deployed"),
        ("succeeded", "v1", "best_single", "everybody gets the best single offer"),
        ("held_back", "v1", "residual_trees", "the earlier model stays"),
        ("held_back", "v1", "best_single", "everybody gets the best single offer"),
        ("collecting", "v1", "best_single", "offers are shown at random"),
        ("failed", "v1", "best_single", "The last run failed"),
        ("failed", None, None, "everything stays random"),
        ("collecting", None, None, "Too little data for a model"),
    ],
)
def test_a_strategys_state_is_said_in_words(
    status: str, version: str | None, kind: str | None, words: str
) -> None:
    """Each state says what is served now and gives the reason of the run."""
    row = pd.Series(
        {
            "status": status,
            "deployed_model_version": version,
            "model_kind": kind,
            "reason": "because",
            "kpi_name": "clicks",
            "reward_name": "clicks",
            "last_run": pd.Timestamp("2026-10-25"),
        }
    )
    said = overview.standing(row)
    assert words in said
    assert "Because." in said


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        ("held_back", "residual_trees", "the earlier one stays"),
        ("held_back", "best_single", "everybody gets the best single offer"),
        ("succeeded", "best_single", "everybody gets the best single offer"),
        ("collecting", "best_single", "all traffic is random"),
        ("succeeded", None, "the model is deployed"),
    ],
)
def test_a_training_says_what_came_of_it(status: str, kind: str | None, words: str) -> None:
    """A held back model leaves the best single offer or the earlier model deployed."""
    job = {
        "status": status,
        "model_kind": kind,
        "reason": None,
        "model_version": "v1",
        "as_of": pd.Timestamp("2026-10-25"),
        "data_window_start": pd.Timestamp("2026-09-25"),
        "data_window_end": pd.Timestamp("2026-10-24"),
    }
    counts = dict.fromkeys(("training_rows", "successes", "offers_ready", "offers_included"), 3)
    assert words in model.training(pd.Series(job | counts, dtype=object))["Outcome"]


def weeks(new: float, old: float, error: float) -> pd.DataFrame:
    """Return the rewards of random traffic in two weeks."""
    return pd.DataFrame(
        {
            "arm": ["random", "random"],
            "is_this_week": [True, False],
            "reward_per_display": [new, old],
            "standard_error": [error, error],
        }
    )


@pytest.mark.parametrize(("error", "words"), [(0.001, "more than chance"), (0.05, "within chance")])
def test_a_change_is_compared_with_chance(error: float, words: str) -> None:
    """A change between two weeks is more than chance if it exceeds both standard errors."""
    none = pd.DataFrame({"offer_name": []})
    found = changes(pd.DataFrame(), weeks(0.06, 0.05, error), none, is_amount=False)
    assert len(found) == 1
    assert words in found[0]
    assert "6.00 % per display, before 5.00 %" in found[0]


def test_the_first_week_has_nothing_to_compare() -> None:
    """One run and one week give no change, only that it is the first."""
    runs = pd.DataFrame({"deployed_model_version": [None], "offers_ready": [0]})
    none = pd.DataFrame({"offer_name": []})
    assert changes(runs, weeks(1, 1, 0).head(1), none, is_amount=True) == ["This is the first run."]
