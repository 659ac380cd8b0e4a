"""Wrong configuration and unreadable input end with one line that names the place, and the right
exit code."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import pytest

from scorer.config import Settings
from scorer.inputs.configuration import check_configuration
from tests.support.commands import Command

STRATEGY = "strategy_id,kpi_type,value_path,exploration_share"


def strategies(column: str, value: str) -> dict[str, str]:
    """Return a strategies file with one row that has one more column."""
    return {"ranking_strategies.csv": f"strategy_id,{column}\nweb,{value}\n"}


WRONG_ROWS: dict[str, tuple[dict[str, str], list[str]]] = {
    "unknown column": (
        {"ranking_strategies.csv": "strategy_id,kpi\nweb,x\n"},
        ["ranking_strategies.csv", "'kpi' is unknown", "kpi_name"],
    ),
    "missing column": (
        {"ranking_strategies.csv": "kpi_name\nclicks\n"},
        ["'strategy_id' is missing", "kpi_name"],
    ),
    "column twice": (
        {"ranking_strategies.csv": "strategy_id,top_k,top_k\nweb,1,2\n"},
        ["'top_k' appears twice"],
    ),
    "empty strategy id": (
        {"ranking_strategies.csv": "strategy_id,top_k\n,3\n"},
        ["line 2, column strategy_id: is empty"],
    ),
    "strategy id that is no file name": (
        {"ranking_strategies.csv": "strategy_id\n../web\n"},
        ["line 2, column strategy_id: '../web'"],
    ),
    "duplicate strategy id": (
        {"ranking_strategies.csv": "strategy_id\nweb\nmail\nweb\n"},
        ["line 4, column strategy_id: 'web'", "line 2 has the same value"],
    ),
    "too many fields": (
        {"ranking_strategies.csv": "strategy_id\nweb,3\n"},
        ["line 2: 2 fields", "1 columns"],
    ),
    "open quote": (
        {"ranking_strategies.csv": 'strategy_id,kpi_name\nweb,"x\n'},
        ["ranking_strategies.csv line 2"],
    ),
    "empty file": ({"ranking_strategies.csv": ""}, ["ranking_strategies.csv is empty"]),
    "no number": (strategies("window_hours", "a day"), ["line 2, column window_hours: 'a day'"]),
    "nan": (strategies("window_hours", "nan"), ["column window_hours: 'nan'"]),
    "window of 0": (strategies("window_hours", "0"), ["column window_hours: '0'", "above 0"]),
    "look-back of 0": (strategies("lookback_days", "0"), ["lookback_days: '0'", "from 1 to 10000"]),
    "look-back of 1.5": (strategies("lookback_days", "1.5"), ["lookback_days: '1.5'", "whole"]),
    "threshold of -1": (strategies("min_displays", "-1"), ["min_displays: '-1'", "at least 0"]),
    "success threshold": (strategies("min_successes", "-25"), ["min_successes: '-25'"]),
    "share of 1.5": (
        strategies("exploration_share", "1.5"),
        ["line 2, column exploration_share: '1.5'", "from 0 to 1"],
    ),
    "share of -0.1": (strategies("exploration_share", "-0.1"), ["exploration_share: '-0.1'"]),
    "shares above 1": (
        {"ranking_strategies.csv": "strategy_id,control_share\nweb,0.95\n"},
        ["line 2, column control_share: '0.95'", "must be at most 1"],
    ),
    "guardrail that nobody defines": (
        {"ranking_strategies.csv": "strategy_id,guardrails\nweb,-mail\n"},
        ["line 2, column guardrails: '-mail'", "no strategy mail; other strategies: none"],
    ),
    "guardrail in both directions": (
        {"ranking_strategies.csv": "strategy_id,guardrails\nweb,mail|-mail\nmail,\n"},
        ["line 2, column guardrails: 'mail|-mail'", "mail is there twice"],
    ),
    "guardrail on itself": (
        {"ranking_strategies.csv": "strategy_id,guardrails\nweb,web\n"},
        ["line 2, column guardrails: 'web'", "the strategy itself"],
    ),
    "top k of 0": (strategies("top_k", "0"), ["column top_k: '0'", "at least 1"]),
    "unknown KPI type": (strategies("kpi_type", "money"), ["'money'", "binary or continuous"]),
    "continuous without path": (
        strategies("kpi_type", "continuous"),
        ["line 2, column value_path: is empty", "continuous KPI"],
    ),
    "value path with a space": (strategies("value_path", "a. b"), ["column value_path: 'a. b'"]),
    "empty list entry": (strategies("placement_ids", "hero||foot"), ["'hero||foot'", "|"]),
    "duplicate context feature": (
        {"context_features.csv": "feature_name,path\nd,device.type\nd,device.model\n"},
        ["context_features.csv line 3, column feature_name: 'd'", "line 2 has the same value"],
    ),
    "feature of another type": (
        {"context_features.csv": "feature_name,path,value_type\nd,device.type,text\n"},
        ["column value_type: 'text'", "category or number"],
    ),
    "feature without a path": (
        {"context_features.csv": "feature_name,path\nd,\n"},
        ["context_features.csv line 2, column path: is empty"],
    ),
    "51 segments": (
        {
            "strategy_segments.csv": "strategy_id,segment_id\n"
            + "".join(f"default,s{n}\n" for n in range(51))
        },
        ["strategy_segments.csv line 52", "row 51 of the segments of a strategy; at most 50"],
    ),
    "segment of an unknown strategy": (
        {"strategy_segments.csv": "strategy_id,segment_id\nwebb,s1\n"},
        ["line 2, column strategy_id: 'webb'", "known: default"],
    ),
    "segment twice": (
        {"strategy_segments.csv": "strategy_id,segment_id\ndefault,s1\ndefault,s1\n"},
        ["line 3", "line 2 is the same row"],
    ),
    "offer of an unknown strategy": (
        {
            "ranking_strategies.csv": "strategy_id\nweb\n",
            "strategy_offers.csv": "strategy_id,offer_id\nmail,o1\n",
        },
        ["strategy_offers.csv line 2", "'mail'", "known: web"],
    ),
    "unknown eligibility rule": (
        {"eligibility_rules.csv": "offer_id,segment_id,rule\no1,s1,only\n"},
        ["eligibility_rules.csv line 2, column rule: 'only'", "include or exclude"],
    ),
    "unknown capping event": (
        {
            "capping_rules.csv": "offer_id,capping_event,capping_type,capping_limit\n"
            "o,view,total,1\n"
        },
        ["capping_rules.csv line 2, column capping_event: 'view'"],
    ),
    "unknown capping type": (
        {"capping_rules.csv": "offer_id,capping_event,capping_type,capping_limit\no,click,all,1\n"},
        ["column capping_type: 'all'", "total or profile"],
    ),
    "capping limit of 0": (
        {
            "capping_rules.csv": "offer_id,capping_event,capping_type,capping_limit\n"
            "o,click,total,0\n"
        },
        ["column capping_limit: '0'", "at least 1"],
    ),
    "unknown period": (
        {
            "capping_rules.csv": "offer_id,capping_event,capping_type,capping_limit,period\n"
            "o,click,total,1,hour\n"
        },
        ["column period: 'hour'", "day, week, month or lifetime"],
    ),
    "11 capping rules": (
        {
            "capping_rules.csv": "offer_id,capping_event,capping_type,capping_limit\n"
            + "".join(f"o,click,total,{n}\n" for n in range(1, 12))
        },
        ["capping_rules.csv line 12, column offer_id: 'o'", "at most 10"],
    ),
    "JSON that is none": (
        {"capping_rules.ndjson": "{offer_id: o}\n"},
        ["capping_rules.ndjson line 1 is not JSON"],
    ),
    "JSON nested too deeply": (
        {"capping_rules.ndjson": "[" * 100_000},
        ["capping_rules.ndjson line 1 is not JSON"],
    ),
}


@pytest.mark.parametrize("kind", WRONG_ROWS)
def test_a_wrong_row_is_named(kind: str, raw: Path, home: Path, nextoffer: Command) -> None:
    """A wrong configuration ends with code 2 and one line naming file, row, column and remedy."""
    files, fragments = WRONG_ROWS[kind]
    for name, content in files.items():
        (raw / name).write_text(content)
    outcome = nextoffer("run", "--raw", raw, "--home", home, "--as-of", "2026-01-02")
    assert outcome.code == 2
    for fragment in fragments:
        assert fragment in outcome.error


def test_an_unknown_context_feature_is_named_unless_a_flat_log_may_bring_it(
    raw: Path, home: Path, nextoffer: Command
) -> None:
    """With flat displays any feature name is allowed, as their columns define the features."""
    chosen = "strategy_id,context_features\nweb,site_section|mood\n"
    (raw / "ranking_strategies.csv").write_text(chosen)
    given = Settings(home=home, as_of=datetime(2026, 1, 2), raw=raw)
    check_configuration(given)
    (raw / "displays.csv").rename(raw / "offers.csv")
    outcome = nextoffer("run", "--raw", raw, "--home", home)
    assert outcome.code == 2
    for fragment in ("line 2, column context_features", "mood is unknown", "site_section"):
        assert fragment in outcome.error


@pytest.mark.parametrize(
    ("columns", "values", "fragment"),
    [
        ("window_hours", "720", "column window_hours: '720' is not allowed"),
        ("window_hours,lookback_days", "168.5,7", "column window_hours: '168.5' is not allowed"),
        ("lookback_days", "1", "column lookback_days: '1' is not allowed"),
    ],
)
def test_a_window_that_never_closes_within_the_look_back_is_refused(
    raw: Path, home: Path, nextoffer: Command, columns: str, values: str, fragment: str
) -> None:
    """This applies to defaults too; flat displays have final outcomes and no such limit."""
    (raw / "ranking_strategies.csv").write_text(f"strategy_id,{columns}\nweb,{values}\n")
    given = Settings(home=home, as_of=datetime(2026, 1, 2), raw=raw)
    check_configuration(given)
    (raw / "displays.csv").rename(raw / "offers.csv")
    outcome = nextoffer("run", "--raw", raw, "--home", home)
    assert outcome.code == 2
    assert f"ranking_strategies.csv line 2, {fragment}" in outcome.error
    assert "never closes within a look-back" in outcome.error


@pytest.mark.parametrize(("hours", "days"), [("719.9", ""), ("23", "1"), ("", "2")])
def test_a_window_below_the_look_back_is_accepted(
    raw: Path, home: Path, hours: str, days: str
) -> None:
    """The longest window is just below the look-back."""
    (raw / "displays.csv").rename(raw / "offers.csv")
    (raw / "ranking_strategies.csv").write_text(
        f"strategy_id,window_hours,lookback_days\nweb,{hours},{days}\n"
    )
    check_configuration(Settings(home=home, as_of=datetime(2026, 1, 2), raw=raw))


def test_text_that_is_not_utf8_is_named(raw: Path, home: Path, nextoffer: Command) -> None:
    """A configuration file that is UTF-8 but for one line ends with code 2 and the line."""
    content = "strategy_id,kpi_name\nweb,café\nshop,".encode() + b"\xe9\n"
    (raw / "ranking_strategies.csv").write_bytes(content)
    outcome = nextoffer("run", "--raw", raw, "--home", home)
    assert outcome.code == 2
    assert "ranking_strategies.csv line 3 is not UTF-8" in outcome.error


def test_a_truncated_configuration_file_is_an_input_error(
    raw: Path, home: Path, nextoffer: Command
) -> None:
    """A gzip file that ends early ends with code 3 and its name."""
    whole = gzip.compress(b"strategy_id,segment_id\n" + b"default,s\n" * 1000)
    (raw / "strategy_segments.csv.gz").write_bytes(whole[: len(whole) // 2])
    outcome = nextoffer("run", "--raw", raw, "--home", home)
    assert outcome.code == 3
    assert "strategy_segments.csv.gz" in outcome.error


@pytest.mark.parametrize("kind", ["missing", "file", "empty", "unknown", "dangling"])
def test_a_folder_without_input_is_refused(
    kind: str, tmp_path: Path, home: Path, nextoffer: Command
) -> None:
    """A folder that is missing, a file, empty, of unknown files or unreadable ends with code 3."""
    folder = tmp_path / "given"
    if kind == "file":
        folder.write_text("x")
    elif kind != "missing":
        folder.mkdir()
    if kind == "unknown":
        (folder / "notes.txt").write_text("x")
    if kind == "dangling":
        (folder / "displays.csv").symlink_to(tmp_path / "nowhere.csv")
    outcome = nextoffer("run", "--raw", folder, "--home", home)
    assert outcome.code == 3
    assert str(folder) in outcome.error
    assert not home.exists() or [path.name for path in home.iterdir()] == ["run.lock"]


USAGE: dict[str, tuple[list[str], str]] = {
    "no input folder": (["run"], "--raw"),
    "unknown command": (["runn"], "runn"),
    "unknown option": (["run", "--rav", "x"], "--rav"),
    "no date": (["run", "--raw", "x", "--as-of", "yesterday"], "'yesterday' is not a date"),
    "empty date": (["run", "--raw", "x", "--as-of", ""], "'' is not a date"),
    "impossible date": (["run", "--raw", "x", "--as-of", "2026-02-30"], "2026-02-30"),
    "negative seed": (["run", "--raw", "x", "--seed", "-1"], "--seed"),
    "unknown KPI": (["run", "--raw", "x", "--kpi", "joy"], "joy"),
    "no dbt project": (["run", "--raw", "x", "--project-dir", "/nowhere"], "dbt_project.yml"),
    "requests without a target": (["rank", "--requests", "x.csv"], "--out"),
    "models without a verb": (["models", "drop"], "drop"),
    "training before anything": (["train"], "nextoffer run"),
    "publishing before anything": (["publish"], "nextoffer run"),
}


@pytest.mark.parametrize("kind", USAGE)
def test_wrong_usage_is_one_line(kind: str, home: Path, nextoffer: Command) -> None:
    """Wrong usage ends with code 2 and one line that names what was wrong."""
    arguments, fragment = USAGE[kind]
    own_home = [] if kind in ("unknown command", "models without a verb") else ["--home", home]
    outcome = nextoffer(*arguments, *own_home)
    assert outcome.code == 2
    assert fragment in outcome.error


def test_a_home_that_is_a_file_is_refused(tmp_path: Path, raw: Path, nextoffer: Command) -> None:
    """A file in the place of the home folder ends with code 2."""
    (tmp_path / "home").write_text("x")
    outcome = nextoffer("run", "--raw", raw, "--home", tmp_path / "home")
    assert outcome.code == 2
    assert "is a file" in outcome.error
