"""The figures that several pages of the app state.

A page becomes lines of text, `label: value` for metrics, facts and rows of tables. `STATED` has for
each figure the patterns that find it; the group of a pattern is its value.
"""

from __future__ import annotations

import re
from collections import defaultdict

from streamlit.testing.v1 import AppTest

from tests.support.texts import text_of

_CHANGE = r"([+−][\d.,]+ %)"
_VERSION = r"([0-9a-f]{12})"
_REWARD = r"([\d.,]+(?: %)?)"
_DAY = r"(\d{4}-\d\d-\d\d)"
STATED: dict[str, tuple[str, ...]] = {
    "lift over random, 30 days": (rf"Lift over random: {_CHANGE}",),
    "interval of that lift": (
        r"Lift over random: \S+ % \| ([+−]\S+ % to [+−]\S+ %)",
        r"interval of the lift is (\S+ % to \S+ %)\.",
    ),
    "lift over the best single offer": (
        rf"Lift over best single: {_CHANGE}",
        rf"The deployed model would earn .*, {_CHANGE} .*against the best single offer",
        rf"Version table: state=deployed .*lift={_CHANGE}",
    ),
    "value of the deployed model": (
        rf"The deployed model would earn \*\*{_REWARD}\*\*",
        rf"Version table: state=deployed value={_REWARD} ",
    ),
    "reward of a random display": (rf"a random one {_REWARD}\.(?:\s|$)", rf"^Random: {_REWARD}"),
    "reward of a personalised display": (
        rf"A personalised display earned {_REWARD},",
        rf"^Personalised: {_REWARD}",
    ),
    "offers ready": (
        r"Offers ready: (\d+ of \d+)",
        r"\*\*(\d+ of \d+) offers are ready",
    ),
    "deployed version": (
        rf"Model {_VERSION}, trained",
        rf"^Version: {_VERSION}",
        rf"Model {_VERSION} replaced",
        rf"The model is still {_VERSION}",
        rf"The first model went live: {_VERSION}",
        rf"Version table: state=deployed .*version={_VERSION}",
    ),
    "day of the last training": (
        rf"Model \w+, trained {_DAY}",
        rf"^Trained as of: {_DAY}",
        rf"Deployed model: trained: {_DAY}",
    ),
    "day of the last run": (rf"Last run:? {_DAY}", rf"^Computed for: {_DAY}"),
    "personalised share, 7 days": (
        r"Personalised, 7 days: (\d+ %)",
        r"Traffic, 7 days: personalised (\d+ %)",
    ),
}


def lines_of(app: AppTest) -> list[str]:
    """Return the text of a page, one line per figure."""
    lines = text_of(app).splitlines()
    captions = [str(caption.value) for caption in app.caption]
    for metric in app.metric:
        near = next((c for c in captions if "(95 %)" in c and "to" in c), "")
        lines.append(f"{metric.label}: {metric.value}")
        if metric.label == "Lift over random" and near:
            lines.append(f"{metric.label}: {metric.value} | {near.removesuffix(' (95 %)')}")
    for table in app.table:
        frame = table.value
        if {"name", "value"} <= set(frame):
            rows = zip(frame["name"], frame["value"], strict=True)
            lines += [f"{name}: {_unescaped(value)}" for name, value in rows]
    for table in app.dataframe:
        frame = table.value
        if {"thing", "moment"} <= set(frame):
            rows = zip(frame["thing"], frame["moment"], strict=True)
            lines += [f"{thing}: {moment}" for thing, moment in rows]
        if {"model_version", "state", "value", "lift"} <= set(frame):
            lines += [
                f"Version table: state={row['state']} value={row['value']}  lift={row['lift']}"
                f" version={row['model_version']}"
                for _, row in frame.iterrows()
            ]
    return lines


def _unescaped(value: object) -> str:
    return str(value).replace("\\", "")


def stated(pages: dict[str, AppTest]) -> dict[str, dict[str, set[str]]]:
    """Return for each figure its values, and for each value the pages that state it."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for page, app in pages.items():
        for line in lines_of(app):
            for figure, patterns in STATED.items():
                for pattern in patterns:
                    for match in re.finditer(pattern, line):
                        found[figure][match[1]].add(page)
    return found
