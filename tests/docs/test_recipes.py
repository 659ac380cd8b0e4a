"""Each recipe turns a small export of its tool into displays that a run reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scorer.errors import InputError
from scorer.inputs.foreign_exports import EXPORTS, require_own_format
from scorer.sql import literal
from scorer.warehouse.database import connect_memory
from tests.support.paths import ROOT

AT = 1_795_082_400


def lines(records: list[dict[str, Any]]) -> bytes:
    """Return records as JSON lines."""
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def vw() -> bytes:
    """Return two decisions, one with a reward, and a dangling observation."""
    actions = [{"_tag": "espresso"}, {"_tag": "latte"}, {"id": "mocha"}]
    return lines(
        [
            {
                "_label_cost": cost,
                "_label_probability": 0.25,
                "_label_Action": index + 1,
                "_labelIndex": index,
                "Timestamp": "2026-11-19T10:00:29.2460000Z",
                "EventId": f"e{index}",
                "a": [index + 1],
                "p": [0.25],
                "c": {"FromUrl": [{"timeofday": "Morning"}], "_multi": actions},
                "pdrop": 0.5,
            }
            for index, cost in ((1, -1.0), (2, -0.0))
        ]
        + [{"RewardValue": 1.0, "EventId": "e9"}]
    )


def ga4() -> bytes:
    """Return two displays, of which one was clicked."""
    return lines(
        [
            {
                "event_timestamp": str(1_000_000 * (AT + second)),
                "event_name": name,
                "user_pseudo_id": person,
                "device": {"category": "mobile"},
                "items": [{"promotion_id": "promo", "creative_slot": "home"}],
            }
            for second, name, person in (
                (0, "view_promotion", "1.1"),
                (0, "view_promotion", "2.2"),
                (9, "select_promotion", "2.2"),
                (4000, "select_promotion", "1.1"),
            )
        ]
    )


def personalize() -> bytes:
    """Return a click with the items shown beside it."""
    return f"USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,IMPRESSION\nu,b,{AT},click,a|b\n".encode()


def segment() -> bytes:
    """Return two displays, of which one was clicked."""
    return lines(
        [
            {
                "messageId": f"m{number}",
                "type": "track",
                "event": event,
                "anonymousId": person,
                "timestamp": f"2026-11-19T10:00:0{number}Z",
                "context": {"device": {"type": "mobile"}},
                "properties": {"promotion_id": "promo", "position": "home"},
            }
            for number, (event, person) in enumerate(
                [
                    ("Promotion Viewed", "p"),
                    ("Promotion Viewed", "q"),
                    ("Promotion Clicked", "q"),
                ]
            )
        ]
    )


def snowplow() -> bytes:
    """Return two displays, of which one was clicked."""
    rows = [
        {
            "event_id": f"e{number}",
            "user_id": None,
            "domain_userid": person,
            "collector_tstamp": f"2026-11-19 10:00:0{number}",
            "derived_tstamp": None,
            "se_category": "promotion",
            "se_action": action,
            "se_label": "promo",
            "se_property": "home",
            "se_value": None,
            "dvce_type": "Mobile",
        }
        for number, (action, person) in enumerate([("view", "p"), ("view", "q"), ("click", "q")])
    ]
    types = {name: pa.string() for name in rows[0]}
    types["se_value"] = pa.float64()
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, pa.schema(list(types.items()))), sink)
    return sink.getvalue().to_pybytes()


# Recipe -> file name and content of an export, and the displays: person, offer, clicked.
SAMPLES = {
    "vw_dsjson": ("log.ndjson", vw(), [("e1", "latte", True), ("e2", "mocha", False)]),
    "ga4": ("ga4.ndjson", ga4(), [("1.1", "promo", False), ("2.2", "promo", True)]),
    "amazon_personalize": ("i.csv", personalize(), [("u", "a", False), ("u", "b", True)]),
    "segment": ("track.ndjson", segment(), [("p", "promo", False), ("q", "promo", True)]),
    "snowplow": ("events.parquet", snowplow(), [("p", "promo", False), ("q", "promo", True)]),
}


@pytest.mark.parametrize("recipe", SAMPLES)
def test_a_recipe_makes_displays(recipe: str, tmp_path: Path) -> None:
    """People, offers and clicks of the displays are those of the export."""
    name, content, expected = SAMPLES[recipe]
    (tmp_path / name).write_bytes(content)
    displays = tmp_path / "displays.parquet"
    with connect_memory() as connection:
        connection.execute(f"set variable export = {literal(tmp_path / name)}")
        connection.execute(f"set variable displays = {literal(displays)}")
        connection.execute((ROOT / "docs" / "recipes" / f"{recipe}.sql").read_text())
        found = connection.execute(
            f"select profile_id, offer_id, clicked from {literal(displays)} order by all"
        ).fetchall()
    assert found == expected
    assert {"event_ts", "profile_id", "offer_id", "clicked"} <= set(pq.read_schema(displays).names)
    require_own_format(displays, "displays")


@pytest.mark.parametrize("recipe", SAMPLES)
def test_an_export_is_recognised(recipe: str, tmp_path: Path) -> None:
    """A raw export among the inputs is an error that names its recipe."""
    name, content, _ = SAMPLES[recipe]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"{name} is .*docs/recipes/{recipe}\.sql"):
        require_own_format(tmp_path / name, "displays")


def test_every_recognised_export_has_a_tested_recipe() -> None:
    """The recipes of the recognised exports are the files of the folder, each with a sample."""
    files = {path.stem for path in (ROOT / "docs" / "recipes").glob("*.sql")}
    assert files == {export.recipe for export in EXPORTS} == set(SAMPLES)


def test_the_propensity_counts_what_was_dropped(tmp_path: Path) -> None:
    """Where half of the decisions were dropped, one that is left stands for two."""
    test_a_recipe_makes_displays("vw_dsjson", tmp_path)
    rows = pq.read_table(tmp_path / "displays.parquet", columns=["offer_id", "propensity"])
    assert {row["offer_id"]: row["propensity"] for row in rows.to_pylist()} == {
        "latte": 0.125,
        "mocha": 0.125,
    }
