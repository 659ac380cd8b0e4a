"""Inputs other than events, written as CSV: offers, rules, strategies and memberships."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scorer.simulation.catalogue import (
    CAPPING_RULES,
    CURRENCY,
    EXCLUDE_RULES,
    INCLUDE_RULES,
    PLACEMENTS,
    SEGMENTS,
    STRATEGIES,
    Offer,
)
from scorer.simulation.offers import offers_of
from scorer.simulation.population import Interval
from scorer.simulation.xdm import PROFILE_ID

_CONTEXT_FEATURES = (
    ("device_type", "device.type", "category"),
    ("screen_width", "device.screenWidth", "number"),
    ("operating_system", "environment.operatingSystem", "category"),
    ("browser", "environment.browserDetails.name", "category"),
    ("language", "environment._dc.language", "category"),
    ("site_section", "web.webPageDetails.siteSection", "category"),
    ("referrer_type", "web.webReferrer.type", "category"),
    ("mail_client", "application.name", "category"),
    ("country", "placeContext.geo.countryCode", "category"),
    ("city", "placeContext.geo.city", "category"),
)
_WEB_ONLY, _MAIL_ONLY = ("site_section", "referrer_type"), ("mail_client",)


def write_catalogue(raw: Path, start: date, offers: tuple[Offer, ...]) -> None:
    """Write offers, rules, strategies and context features; dates count from `start`."""
    raw.mkdir(parents=True, exist_ok=True)
    tables: dict[str, tuple[str, Iterable[Sequence[object]]]] = {
        "offers": (
            "offer_id,offer_name,status,priority,start_date,end_date,is_fallback,placement_ids,"
            "characteristics",
            _offers(start, offers),
        ),
        "eligibility_rules": ("offer_id,segment_id,rule", _eligibility()),
        "capping_rules": (
            "offer_id,capping_event,capping_type,capping_limit,period,period_count,placement_id",
            [(*rule, 1, "") for rule in CAPPING_RULES],
        ),
        "ranking_strategies": (
            "strategy_id,display_name,kpi_name,kpi_type,currency,success_event_types,value_path,"
            "window_hours,lookback_days,min_displays,min_successes,exploration_share,top_k,placement_ids,"
            "context_features",
            _strategies(),
        ),
        "strategy_segments": (
            "strategy_id,segment_id",
            [(s.strategy_id, segment) for s in STRATEGIES for segment in SEGMENTS],
        ),
        "strategy_offers": (
            "strategy_id,offer_id",
            [
                (s.strategy_id, offer.offer_id)
                for s in STRATEGIES
                for offer in offers_of(s.strategy_id, offers)
            ],
        ),
        "context_features": ("feature_name,path,value_type", _CONTEXT_FEATURES),
    }
    for name, (header, rows) in tables.items():
        with (raw / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header.split(","))
            writer.writerows(rows)


def write_memberships(raw: Path, intervals: Iterable[Interval]) -> None:
    """Write `segment_memberships.csv`, replacing the file of the previous week."""
    partial = raw / ".segment_memberships.csv.part"
    raw.mkdir(parents=True, exist_ok=True)
    with partial.open("wb") as file:
        file.write(b"profile_id,segment_id,qualified_at,exited_at\n")
        for segment_id, profile, qualified_at, exited_at in intervals:
            columns = zip(profile.tolist(), _times(qualified_at), _times(exited_at), strict=True)
            row = f"{PROFILE_ID},{segment_id},%b,%b\n".encode()
            file.writelines(row % columns for columns in columns)
    os.replace(partial, raw / "segment_memberships.csv")


def _offers(start: date, offers: tuple[Offer, ...]) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = []
    for offer in offers:
        begins = start + timedelta(weeks=offer.launch_week - 1) if offer.launch_week else None
        ends = start + timedelta(weeks=offer.last_week) if offer.last_week else None
        rows.append(
            (
                offer.offer_id,
                offer.name,
                offer.status,
                offer.priority,
                f"{begins}T00:00:00Z" if begins else "",
                f"{ends}T00:00:00Z" if ends else "",
                str(offer.is_fallback).lower(),
                "|".join(offer.placements),
                json.dumps({"price": offer.price, "currency": CURRENCY}),
            )
        )
    return rows


def _eligibility() -> list[Sequence[object]]:
    included = [(*pair, "include") for pair in INCLUDE_RULES]
    return [*included, *((*pair, "exclude") for pair in EXCLUDE_RULES)]


def _strategies() -> list[Sequence[object]]:
    rows: list[Sequence[object]] = []
    for strategy in STRATEGIES:
        places = [p for p in PLACEMENTS if p.strategy_id == strategy.strategy_id]
        on_web = any(place.sections for place in places)
        unused = _MAIL_ONLY if on_web else _WEB_ONLY
        features = [name for name, _, _ in _CONTEXT_FEATURES if name not in unused]
        is_amount = strategy.kpi_type == "continuous"
        kpi = (
            strategy.display_name,
            strategy.kpi_name,
            strategy.kpi_type,
            CURRENCY if is_amount else "",
            strategy.success_event_types,
        )
        thresholds = ("", "", "", "", "")
        rows.append(
            (
                strategy.strategy_id,
                *kpi,
                strategy.value_path,
                strategy.window_hours,
                *thresholds,
                "|".join(place.placement_id for place in places),
                "|".join(features),
            )
        )
    return rows


def _times(at: NDArray[np.int64]) -> list[bytes]:
    texts = (at // 1000).astype("datetime64[s]").astype("S20")
    return np.where(at < 0, b"", np.char.add(texts, b"Z")).tolist()
