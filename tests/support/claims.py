"""The figures that pages of the app state, by what they state, and which of them disagree.

A page becomes lines of text: its sentences, `label: value` for metrics and facts, one line a row of
a table, and one a row of a chart that compares things. What a line states is found in three ways:

* `STATED`: figures that pages state in different words, with the patterns that find them.
* Labels: metrics, facts and cells of tables with the same label, and the same name of their row.
* Sentences that are alike but for their numbers.

Numbers agree if they are the same after rounding to the digits of the one with fewer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pandas as pd
import pyarrow as pa
from streamlit.testing.v1 import AppTest

from app.text import NONE
from tests.support.texts import text_of

_CHANGE = r"([+−][\d.,]+ %)"
_VERSION = r"([0-9a-f]{12})"
_REWARD = r"([\d.,]+(?: %)?)"
_COUNT = r"([\d,]+)"
_DAY = r"(\d{4}-\d\d-\d\d)"
_GAIN = r"(≈ [A-Z ]*[\d.,]+)"
STATED: dict[str, tuple[str, ...]] = {
    "gain over random, 30 days": (
        rf"^#### {_GAIN} more .*in 30 days than random",
        rf"Gain over random in 30 days: {_GAIN}",
    ),
    "lift over random, 30 days": (
        rf"^Lift over random: {_CHANGE}",
        rf"^row: arm=Personalised .*lift_text={_CHANGE}",
        r"^chart overview: .* lift=(\S+)",
    ),
    "lift over control, 30 days": (
        rf"^Lift over control: {_CHANGE}",
        rf"than control, by more than chance\*\*: {_CHANGE}",
    ),
    "least lift over random": (
        r"interval of the lift is (\S+ %) to \S+ %\.",
        r"^chart overview: .* lift_low=(\S+)",
    ),
    "lift over the best single offer": (
        rf"Lift over best single: {_CHANGE}",
        rf"The deployed model would earn .*, {_CHANGE} .*against the best single offer",
        rf"^row: .*model_version=.* state=deployed .*lift={_CHANGE}",
        r"Personalisation earns (\d[\d.]* %) more than showing everybody the best single offer",
    ),
    "value of the deployed model": (
        rf"The deployed model would earn \*\*{_REWARD}\*\*",
        rf"^row: .*model_version=.* state=deployed .* value={_REWARD} ",
        r"^chart policy_value: .*policy=deployed .*policy_value=(\S+)",
    ),
    "reward of a random display": (
        rf"a random one {_REWARD}\.(?:\s|$)",
        rf"^Random: {_REWARD}",
        rf"last 30 days: Personalised \S+(?: %)?, Random {_REWARD}",
    ),
    "reward of a personalised display": (
        rf"A personalised display earned {_REWARD},",
        rf"^Personalised: {_REWARD}",
        rf"last 30 days: Personalised {_REWARD}, Random",
    ),
    "offers ready": (
        r"^Offers ready: (\d+) of \d+",
        r"\*\*(\d+) of \d+ offers are ready",
        r"offers would be ready\*\*, now (\d+)\.",
    ),
    "offers": (
        r"^Offers ready: \d+ of (\d+)$",
        r"\*\*\d+ of (\d+) offers are ready",
        r"\*\*\d+ of (\d+) offers would be ready",
    ),
    "deployed version": (
        rf"Model {_VERSION}, trained",
        rf"^Version: {_VERSION}",
        rf"^- Model {_VERSION} replaced",
        rf"The model is still {_VERSION}",
        rf"The first model went live: {_VERSION}",
        rf"^row: .*model_version={_VERSION} state=deployed",
        rf"\*\*Personalised\*\* by model {_VERSION}",
    ),
    "day of the last training": (
        rf"Model \w+, trained {_DAY}",
        rf"^Trained as of: {_DAY}",
        rf"Deployed model: trained moment={_DAY}",
    ),
    "day of the last run": (
        rf"Last run {_DAY}",
        rf"^Computed for: {_DAY}",
        rf"thing=Last run moment={_DAY}",
    ),
    "personalised share, 7 days": (
        r"Personalised, 7 days: (\d+ %)",
        r"Traffic, 7 days: personalised (\d+ %)",
    ),
    "random share, 7 days": (
        r"of displays; random (\d+ %)[,.]",
        r"Traffic, 7 days: .*random (\d+ %)",
    ),
    "control share, 7 days": (
        r"of displays; random \d+ %, control (\d+ %)\.",
        r"Traffic, 7 days: .*control (\d+ %)",
    ),
    "exploration share": (
        r"\d+ %\. (\d+ %) of people explore",
        r"^Exploration: (\d+ %) of people",
        r"^\*\*(\d+ %)\*\* is the present exploration share",
    ),
    "displays for readiness": (
        rf"ready with {_COUNT} displays and",
        rf"^Offer is ready with: {_COUNT} displays",
        rf"^with {_COUNT} displays and",
    ),
    "successes for readiness": (
        rf"ready with \d+ displays and {_COUNT} successes",
        rf"^Offer is ready with: .* and {_COUNT} successes",
        rf"^with .* displays and {_COUNT} successes",
    ),
    "attribution window": (
        r"closed \(([\d.]+) hours after the display\)",
        r"^Attribution window: ([\d.]+) hours",
    ),
}
# What a label names differs between these: each is stated with the thing that it belongs to.
_AMBIGUOUS = {"Version", "Computed for", "Random", "Personalised", "Offers ready"}
_ROW_NAMES = ("offer_name", "arm", "policy", "model_version", "feature_value", "subject", "thing")
_CHART_NAMES = ("label", "policy", "offer_name", "arm")
_CHART_FIGURES = ("lift", "lift_low", "lift_high", "policy_value")
_NUMBER = re.compile(r"[+−]?\d[\d,]*(?:\.\d+)?(?: %)?")


def lines_of(app: AppTest, page: str = "") -> list[str]:
    """Return what a page says, one line each."""
    lines = text_of(app).splitlines()
    lines += [f"{label}: {value}" for label, value in _labelled(app)]
    for table in app.dataframe:
        frame = _shown(table)
        for _, row in frame.iterrows():
            lines.append("row: " + " ".join(f"{name}={_cell(row[name])}" for name in frame))
    return lines + list(_chart_lines(app, page))


def _cell(value: object) -> object:
    """Return what a cell shows: a missing value is a dash."""
    return NONE if pd.isna(value) else value  # type: ignore[call-overload]


def _shown(table: Any) -> pd.DataFrame:
    """Return a table with the columns that the page shows."""
    frame: pd.DataFrame = table.value  # decoded at each access
    return frame[[name for name in table.proto.column_order if name in frame] or list(frame)]


def _labelled(app: AppTest) -> Iterator[tuple[str, str]]:
    """Yield labels and values of metrics and facts."""
    for metric in app.metric:
        yield metric.label, metric.value
    for table in app.table:
        frame = table.value
        if {"name", "value"} <= set(frame):
            for name, value in zip(frame["name"], frame["value"], strict=True):
                yield str(name), str(value).replace("\\", "").replace("\u00a0", " ")


def _cells(app: AppTest) -> Iterator[tuple[str, str]]:
    """Yield the numbers of tables with the names of their row and column."""
    for table in app.dataframe:
        shown = _shown(table)
        keys = [name for name in _ROW_NAMES if name in shown]
        for _, row in shown.iterrows():
            of_row = " ".join(f"{name} {row[name]}" for name in keys)
            for name in shown if keys else []:
                if name not in keys and pd.notna(row[name]):
                    yield f"{of_row}: {name}", str(row[name])


def _chart_lines(app: AppTest, page: str) -> Iterator[str]:
    """Yield a line per row of the charts that compare things by name, without a day."""
    for chart in app.get("vega_lite_chart"):
        for dataset in chart.proto.datasets:
            frame = pa.ipc.open_stream(dataset.data.data).read_pandas()
            named = [name for name in _CHART_NAMES if name in frame]
            figures = [name for name in _CHART_FIGURES if name in frame]
            if not named or not figures or {"display_date", "as_of"} & set(frame):
                continue
            for _, row in frame.iterrows():
                said = " ".join(f"{name}={row[name]}" for name in [*named, *figures])
                yield f"chart {page}: {said}"


def stated(pages: dict[str, AppTest]) -> dict[str, dict[str, set[str]]]:
    """Return for each figure its values, and for each value the pages that state it."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for place, app in pages.items():
        page = place.split(",")[0]
        for line in lines_of(app, page):
            for figure, patterns in STATED.items():
                for pattern in patterns:
                    for match in re.finditer(pattern, line):
                        found[figure][match[1]].add(page)
            if not line.startswith(("row: ", "chart ")):
                for template, numbers in _templates(line):
                    found[template][numbers].add(page)
        for label, value in [*_labelled(app), *_cells(app)]:
            if label not in _AMBIGUOUS and _NUMBER.search(value):
                found[label][value].add(page)
    return found


def _templates(line: str) -> Iterator[tuple[str, str]]:
    """Yield the sentences of a line without their numbers, and the numbers."""
    for sentence in re.split(r"(?<=[^\d]\.) |  \n", line):
        numbers = _NUMBER.findall(sentence)
        if numbers and len(sentence.split()) >= 6:
            yield _NUMBER.sub("#", sentence), " ".join(numbers)


def disagreements(pages: dict[str, AppTest]) -> dict[str, dict[str, set[str]]]:
    """Return the figures with values that do not agree, with the pages of each."""
    return {
        figure: dict(values)
        for figure, values in stated(pages).items()
        if len(set().union(*values.values())) > 1 or figure in STATED
        if not all(agree(one, other) for one, other in combinations(values, 2))
    }


def agree(one: str, other: str) -> bool:
    """Return whether two texts say the same, numbers as far as both have digits."""
    first, second = _numbers(one), _numbers(other)
    if one == other or len(first) != 1 or len(second) != 1:
        return one == other
    (a, unit_a), (b, unit_b) = first[0], second[0]
    return abs(a - b) <= (unit_a + unit_b) / 2 + 1e-9


def _numbers(text: str) -> list[tuple[float, float]]:
    """Return the numbers of a text, each with the size of its last digit."""
    if re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", text) and "." in text:  # of a chart, unrounded
        return [(float(text), 0.0)]
    if re.fullmatch(_DAY, text) or re.fullmatch(_VERSION, text):
        return []
    found = []
    for number in _NUMBER.findall(text):
        digits = number.removesuffix(" %").replace(",", "").replace("−", "-").replace("+", "")
        decimals = len(digits.partition(".")[2])
        unit = 10.0**-decimals
        if text.startswith("≈") and not decimals:  # two significant digits
            unit = 10.0 ** max(0, len(digits.lstrip("-")) - 2)
        scale = 0.01 if number.endswith("%") else 1.0
        found.append((float(digits) * scale, unit * scale))
    return found
