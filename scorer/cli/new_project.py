"""A new project folder: sample inputs, the user's copy of the dbt project, and their settings."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from scorer.config import find_project_dir
from scorer.errors import ConfigurationError
from scorer.project_file import NAME
from scorer.simulation import World

SAMPLE_WEEKS, SAMPLE_PEOPLE = 2, 2000
# Files for development, and files that each run creates.
_LEFT_OUT = (
    "target",
    "logs",
    "dbt_packages",
    "lint",
    "_*__unit_tests.yml",
    "*.duckdb*",
    ".user.yml",
    "__pycache__",
)
_SETTINGS = """\
# Settings of this project. Every nextoffer command reads them when it runs in this folder or below.
# An option on the command line or an environment variable takes precedence. Folders are relative to
# this file.

# Input files.
raw = "raw"

# State: the build file, models, publications, logs.
home = "home"

# The dbt project. Edit models/custom/ and seeds/ there.
project_dir = "dbt_project"

# KPI of the default strategy, used without raw/ranking_strategies.csv: "clicked" or "value".
kpi = "clicked"

# Seed of everything that is random.
seed = 0

# Assignment of displays without traffic_type and propensity: "unknown", or
# "uniform" if you know that offers were drawn at random.
assignment = "unknown"

# Currency of strategies without one, such as "CHF".
currency = ""

# How local dates such as 10/11/2026 are read where a file does not show it: "day_first" or
# "month_first".
# date_order = "day_first"

# Zone of times without one, UTC by default.
# time_zone = "Europe/Berlin"

# Encoding of CSV files that are not UTF-8, cp1252 by default.
# code_page = "cp1250"

# Inputs that are tables or views instead of files in raw/.
# [inputs]
# displays = "warehouse.duckdb:shop.impressions"
"""
_README = """\
# A nextoffer project

Run the sample data, then look at the result:

```bash
nextoffer check
nextoffer run --as-of {as_of}
nextoffer query "from ranked_offers"
nextoffer app
```

Put your own files into `raw/` in place of the sample. `displays.csv` or `experience_events/` is
required, everything else is optional.

| File in `raw/` | Content |
|---|---|
| `experience_events/` | XDM events, one JSON object per line |
| `displays.csv` | instead of events: one row per decision with its outcome |
| `offers.csv` | catalogue: names, status, dates, priority, placements, characteristics |
| `segment_memberships.csv` | which profile is in which segment, from when to when |
| `eligibility_rules.csv` | which segments may or may not see an offer |
| `capping_rules.csv` | how often an offer may be shown |
| `ranking_strategies.csv` | KPI, window, thresholds, exploration share of each strategy |
| `strategy_segments.csv` | segments of a strategy |
| `strategy_offers.csv` | offers of a strategy; all offers without rows |
| `context_features.csv` | which fields of events are features |
| `requests.csv` | decisions to rank at once, see below |

| What you edit | Content |
|---|---|
| `nextoffer.toml` | folders and settings that all commands read |
| `dbt_project/models/custom/` | SQL rules that withhold offers, and computed features |
| `dbt_project/seeds/` | event types, and tables without a file in `raw/` |

Rank a file of decisions:

```bash
nextoffer rank --strategy web_clicks --requests raw/requests.csv --out ranked.csv
```
"""


@dataclass(frozen=True)
class NewProject:
    """The files that were created, and the as_of for a run of the sample."""

    folder: Path
    as_of: date


def make_project(folder: Path) -> NewProject:
    """Fill an empty folder with a small working project.

    Raises
    ------
    ConfigurationError
        The folder is not empty, or is a file.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(f"{folder} is not an empty folder; name another one")
    raw = folder / "raw"
    as_of = _write_sample(raw)
    shutil.copytree(
        find_project_dir(None),
        folder / "dbt_project",
        ignore=shutil.ignore_patterns(*_LEFT_OUT),
    )
    (folder / NAME).write_text(_SETTINGS, encoding="utf-8")
    (folder / "README.md").write_text(_README.format(as_of=as_of), encoding="utf-8")
    (folder / ".gitignore").write_text("home/\ndbt_project/target/\ndbt_project/logs/\n")
    return NewProject(folder, as_of)


def _write_sample(raw: Path) -> date:
    """Write two weeks of a simulated bank with every optional input; return the day after."""
    world = World(profiles=SAMPLE_PEOPLE)
    world.write_catalogue(raw)
    for week in range(1, SAMPLE_WEEKS + 1):
        world.live(week, raw)
    with (raw / "requests.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["request_id", "profile_id", "placement_id", "ctx_device_type"])
        writer.writerow(["r1", "c0000001", "home-hero", "mobile"])
        writer.writerow(["r2", "somebody-new", "home-hero", "desktop"])
    return world.start_of(SAMPLE_WEEKS + 1).date()
