"""Events stored by `/v1/events`, as the next cycle reads them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from scorer.inputs.event_log import seal_event_logs
from scorer.online.service import Service
from tests.support.online_homes import call, online_home, worker
from tests.support.pipeline_runs import build, build_rows

_STORED = """
select proposition_id, offer_id, propensity, traffic_type, is_clicked
from fct_displays order by proposition_id, offer_id
"""


@pytest.mark.slow
def test_the_next_cycle_has_each_display_once_with_what_was_served(tmp_path: Path) -> None:
    """Displays have the served propensity; decisions that were not displayed are not displays."""
    settings, raw = online_home(tmp_path / "serving"), tmp_path / "raw"
    service = Service(worker(settings, raw))
    expected = []
    for number in range(60):
        body = json.dumps({"profile_id": f"p{number}", "placements": ["web"]}).encode()
        (shown,) = call(service, "/v1/decisions", body).json["propositions"]
        if number % 3 == 0:
            continue
        first = shown["items"][0]["offer_id"]
        events = [{"event": "display"}, {"event": "display"}]
        events += [{"event": "click", "offer_id": first}] * (number % 2)
        sent = {"events": [{"token": shown["token"], **event} for event in events]}
        assert call(service, "/v1/events", json.dumps(sent).encode()).status == 202
        expected += [
            (
                shown["proposition_id"],
                item["offer_id"],
                item["propensity"],
                shown["traffic_type"],
                bool(number % 2) and item["offer_id"] == first,
            )
            for item in shown["items"]
        ]
    seal_event_logs(raw)
    home = tmp_path / "learning"
    build(home, raw, settings.as_of + timedelta(days=7), "features")
    assert build_rows(home, _STORED) == sorted(expected)
    assert len({traffic_type for *_, traffic_type, _ in expected}) > 1
