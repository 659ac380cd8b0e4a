"""What the page Overview says of a strategy; a row is one of `queries.standing`."""

from __future__ import annotations

import pandas as pd

from app import components as say

STATES = {
    "succeeded": ("Live", "green"),
    "collecting": ("Collecting", "gray"),
    "held_back": ("Held back", "orange"),
    "failed": ("Failed", "red"),
    "never ran": ("Never ran", "gray"),
}


def has_model(row: pd.Series) -> bool:
    """Return whether a model is deployed."""
    return say.is_known(row["deployed_model_version"])


def version(row: pd.Series) -> str:
    """Return the deployed version."""
    return str(row["deployed_model_version"]) if has_model(row) else "none yet"


def standing(row: pd.Series) -> str:
    """Return how a strategy stands, and why."""
    why = f" {say.plain(row['reason'])}." if say.is_known(row["reason"]) else ""
    kpi = f"KPI: {say.plain(row['kpi_name'])}."
    serving = "the earlier model goes on" if has_model(row) else "everything stays random"
    words = {
        "succeeded": "A model is in use and orders the offers for each person.",
        "collecting": "Too little data for a model: every offer is drawn at random.",
        "held_back": f"The new model is not in use; {serving}.",
        "failed": f"The last run failed; {serving}.",
        "never ran": "No run yet.",
    }.get(row["status"], "")
    # What a shut gate deploys is new, too: the status alone does not tell what serves.
    if row["model_kind"] == "best_single" and row["status"] in ("succeeded", "held_back"):
        words = "Nothing is personalised: everybody gets the best single offer first."
    return f"{words}{why} {kpi} Last run {say.day(row['last_run'])}."
