"""The weekly cycle written with pandas, XGBoost and a cross product.

It uses the same inputs and features: displays with the segments at that time and their context,
successes by proposition or last touch, the usual context of each person. It trains one model per
strategy without model choice, gate or evaluation, and ranks without exploration or eligibility.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb

CONTEXT = {
    "device_type": "device.type",
    "screen_width": "device.screenWidth",
    "operating_system": "environment.operatingSystem",
    "browser": "environment.browserDetails.name",
    "language": "environment._dc.language",
    "site_section": "web.webPageDetails.siteSection",
    "referrer_type": "web.webReferrer.type",
    "mail_client": "application.name",
    "country": "placeContext.geo.countryCode",
    "city": "placeContext.geo.city",
}
_RENAMED = {"@id": "_id", "@type": "_type"}
_DECISIONING = "https://ns.adobe.com/experience/decisioning/"
_PARAMETERS = {"max_depth": 6, "eta": 0.1, "tree_method": "hist", "max_cat_to_onehot": 200}
_ROUNDS, _TOP_K, _CHUNK = 100, 3, 20_000


def run_pandas(raw: Path, out: Path, as_of: datetime) -> dict[str, float]:
    """Run the cycle and write ``pandas_ranked.parquet``; return CPU seconds by step."""
    seconds, started = {}, time.process_time()

    def lap(name: str) -> None:
        nonlocal started
        now = time.process_time()
        seconds[name], started = now - started, now

    events = read_events(raw, as_of)
    lap("ingest")
    displays = displays_of(events)
    strategies = pd.read_csv(raw / "ranking_strategies.csv")
    memberships = _memberships(raw)
    placed = [_examples(row, displays, events, memberships) for row in strategies.itertuples()]
    people = _candidates(displays, events, memberships, as_of)
    lap("features")
    pairs = zip(placed, strategies["kpi_type"], strict=True)
    models = [_train(examples, kpi_type) for examples, kpi_type in pairs]
    lap("train")
    ranked = [_rank(*pair, people) for pair in zip(models, placed, strict=True)]
    pd.concat(ranked).to_parquet(out / "pandas_ranked.parquet")
    lap("rank")
    return seconds


def read_events(raw: Path, as_of: datetime) -> pd.DataFrame:
    """One row per event id, the earliest, up to a time."""
    files = sorted((raw / "experience_events").glob("*.ndjson"))
    events = pd.DataFrame([row for file in files for row in _rows_of(file)])
    events["at"] = pd.to_datetime(events["at"], utc=True, format="ISO8601").dt.tz_localize(None)
    events = events[events["at"] <= as_of].sort_values("at", kind="stable")
    return events.drop_duplicates("event_id")


def _rows_of(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            try:
                event = _modern(json.loads(line))
            except ValueError:
                continue
            if "_id" not in event or "timestamp" not in event:
                continue
            decisioning = event.get("_experience", {}).get("decisioning", {})
            yield {
                "event_id": event["_id"],
                "at": event["timestamp"],
                "kind": event["eventType"],
                "profile_id": event["identityMap"]["ECID"][0]["id"],
                "propositions": decisioning.get("propositions") or decisioning.get("proposition"),
                "price": _at(event, "commerce.order.priceTotal"),
                **{name: _at(event, place) for name, place in CONTEXT.items()},
            }


def _modern(node: Any) -> Any:
    if isinstance(node, list):
        return [_modern(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    found: dict[str, Any] = {}
    for key, value in node.items():
        if key.startswith(_DECISIONING):
            inner = found.setdefault("_experience", {}).setdefault("decisioning", {})
            inner[key.removeprefix(_DECISIONING)] = _modern(value)
        elif key.startswith("dc:"):
            found.setdefault("_dc", {})[key[3:]] = _modern(value)
        else:
            found[_RENAMED.get(key, key.removeprefix("xdm:"))] = _modern(value)
    return found


def _at(event: dict[str, Any], place: str) -> Any:
    node: Any = event
    for step in place.split("."):
        node = node.get(step) if isinstance(node, dict) else None
    return node


def displays_of(events: pd.DataFrame) -> pd.DataFrame:
    """One row per item of a proposition that was displayed."""
    items = _items(events[events["kind"] == "decisioning.propositionDisplay"])
    return items.reset_index(drop=True).rename_axis("display").reset_index()


def _items(events: pd.DataFrame) -> pd.DataFrame:
    rows = events.explode("propositions", ignore_index=True).dropna(subset="propositions")
    rows["proposition_id"] = rows["propositions"].map(lambda p: p["id"])
    rows["placement_id"] = rows["propositions"].map(lambda p: p["scopeDetails"]["placement"]["id"])
    rows["item"] = rows.pop("propositions").map(lambda p: p["items"])
    rows = rows.explode("item", ignore_index=True).dropna(subset="item")
    rows["offer_id"] = rows.pop("item").map(lambda item: item["id"])
    return rows


def _memberships(raw: Path) -> pd.DataFrame:
    known = pd.read_csv(raw / "segment_memberships.csv")
    for name in ("qualified_at", "exited_at"):
        known[name] = pd.to_datetime(known[name], utc=True).dt.tz_localize(None)
    return known


def _examples(
    strategy: Any, displays: pd.DataFrame, events: pd.DataFrame, memberships: pd.DataFrame
) -> pd.DataFrame:
    rows = displays[displays["placement_id"].isin(strategy.placement_ids.split("|"))]
    rows = rows.assign(reward=_rewards(strategy, rows, events))
    return rows.join(_segments(rows[["display", "profile_id", "at"]], memberships), on="display")


def _rewards(strategy: Any, rows: pd.DataFrame, events: pd.DataFrame) -> pd.Series:
    window = pd.Timedelta(hours=strategy.window_hours)
    answers = events[events["kind"] == strategy.success_event_types]
    if strategy.kpi_type == "binary":
        clicks = _items(answers)[["proposition_id", "offer_id", "at"]]
        both = rows.merge(clicks, on=["proposition_id", "offer_id"], suffixes=("", "_click"))
        late = both["at_click"] - both["at"]
        counted = both[(late >= pd.Timedelta(0)) & (late <= window)]
        return rows["display"].isin(counted["display"]).astype(float)
    touched = pd.merge_asof(
        answers[["profile_id", "at", "price"]].sort_values("at"),
        rows[["profile_id", "at", "display"]].sort_values("at"),
        on="at",
        by="profile_id",
        tolerance=window,
    )
    return rows["display"].map(touched.groupby("display")["price"].sum()).fillna(0.0)


def _segments(rows: pd.DataFrame, memberships: pd.DataFrame) -> pd.DataFrame:
    both = rows.merge(memberships, on="profile_id")
    inside = (both["qualified_at"] <= both["at"]) & ~(both["exited_at"] <= both["at"])
    table = pd.crosstab(both.loc[inside, "display"], both.loc[inside, "segment_id"])
    return table.gt(0).astype(np.float32)


def _candidates(
    displays: pd.DataFrame, events: pd.DataFrame, memberships: pd.DataFrame, as_of: datetime
) -> pd.DataFrame:
    """Every person in every placement, with their usual context."""
    people = pd.Index(events["profile_id"].unique()).union(memberships["profile_id"].unique())
    index = pd.MultiIndex.from_product([people, displays["placement_id"].unique()])
    index.names = ["profile_id", "placement_id"]
    usual = pd.DataFrame(index=index)
    for name in CONTEXT:
        counts = displays.groupby([*index.names, name], sort=False).size().rename("n").reset_index()
        counts = counts.sort_values("n", ascending=False).drop_duplicates(index.names)
        usual[name] = counts.set_index(index.names)[name]
    known = pd.DataFrame({"display": people, "profile_id": people, "at": pd.Timestamp(as_of)})
    return usual.reset_index().join(_segments(known, memberships), on="profile_id")


def _train(examples: pd.DataFrame, kpi_type: str) -> xgb.Booster:
    binary = kpi_type == "binary"
    objective = {"objective": "binary:logistic" if binary else "reg:squarederror"}
    rows = _encoded(examples, examples)
    data = xgb.DMatrix(rows, examples["reward"], enable_categorical=True)
    return xgb.train(_PARAMETERS | objective, data, _ROUNDS)


def _encoded(rows: pd.DataFrame, examples: pd.DataFrame) -> pd.DataFrame:
    """Features in the form that XGBoost expects, with the categories of the examples."""
    names = ["offer_id", "placement_id", *CONTEXT]
    segments = [c for c in examples.columns if c not in {*names, *_OTHER}]
    found = rows[segments].astype(np.float32).copy()
    for name in names:
        kinds = examples[name].dropna().astype(object).unique()
        if name == "screen_width":
            found[name] = rows[name].astype(np.float32)
        elif len(kinds):
            found[name] = pd.Categorical(rows[name].astype(object), categories=kinds)
    return found


_OTHER = {"display", "event_id", "at", "kind", "profile_id", "price", "proposition_id", "reward"}


def _rank(model: xgb.Booster, examples: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """The best offers of every person in every placement of the strategy, from all pairs."""
    offers = examples[["offer_id"]].drop_duplicates()
    people = people[people["placement_id"].isin(examples["placement_id"].unique())]
    best = []
    for start in range(0, len(people), _CHUNK):
        pairs = people.iloc[start : start + _CHUNK].merge(offers, how="cross")
        data = xgb.DMatrix(_encoded(pairs, examples), enable_categorical=True)
        pairs["score"] = model.predict(data)
        pairs = pairs.sort_values("score", ascending=False)
        keys = ["profile_id", "placement_id"]
        best.append(pairs.groupby(keys).head(_TOP_K)[[*keys, "offer_id", "score"]])
    return pd.concat(best)
