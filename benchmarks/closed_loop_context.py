"""The context of displays, and what people usually come with, as the dbt project finds them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from benchmarks.closed_loop_history import CONTEXTS, Displays
from scorer.arrays import Codes
from scorer.simulation.catalogue import MAIL, PLACEMENT_IDS
from scorer.simulation.context import CITIES, COUNTRIES, LANGUAGES, MACHINES, REFERRERS, SECTIONS

USUAL_MS = 30 * 86_400_000
_MAIL = PLACEMENT_IDS.index(MAIL)
# Feature, in the order of names: the column of CONTEXTS it comes from, and its value per code.
_FEATURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "browser": ("machine", tuple(m.browser for m in MACHINES)),
    "city": ("city", CITIES),
    "country": ("city", COUNTRIES),
    "device_type": ("machine", tuple(m.device for m in MACHINES)),
    "language": ("language", LANGUAGES),
    "mail_client": ("machine", tuple(m.mail_client for m in MACHINES)),
    "operating_system": ("machine", tuple(m.os for m in MACHINES)),
    "referrer_type": ("referrer", REFERRERS),
    "screen_width": ("machine", tuple(str(m.screen_width) for m in MACHINES)),
    "site_section": ("section", SECTIONS),
}
_ON_WEB_ONLY, _BY_MAIL_ONLY = ("site_section", "referrer_type"), ("mail_client",)
_TEXTS = np.unique([text for _, texts in _FEATURES.values() for text in texts])


def context_values(codes: Codes, placement: Codes) -> Codes:
    """Return what events tell, shape (rows, features): positions in the sorted texts, -1 unknown.

    `codes`, shape (rows, 5), are those of `Displays.context`.
    """
    values = np.full((len(codes), len(_FEATURES)), -1)
    for column, (name, (source, texts)) in enumerate(_FEATURES.items()):
        code = codes[:, CONTEXTS.index(source)]
        known = code >= 0
        if name in _ON_WEB_ONLY:
            known &= placement != _MAIL
        elif name in _BY_MAIL_ONLY:
            known &= placement == _MAIL
        values[known, column] = np.searchsorted(_TEXTS, texts)[code[known]]
    return values


def usual_values(displays: Displays, n_profiles: int) -> Codes:
    """Return people's usual values per placement, shape (placements, profiles, features).

    The most frequent value of each feature at the placement in the 30 days before the latest
    display there, the latest one of equals; where somebody was never seen, those of the placement
    of his latest display anywhere.
    """
    shape = (len(PLACEMENT_IDS), n_profiles)
    group = np.ravel_multi_index((displays.placement, displays.profile), shape)
    latest = np.full(shape[0] * shape[1], -1)
    np.maximum.at(latest, group, displays.at)
    recent = displays.at > latest[group] - USUAL_MS
    values = context_values(displays.context, displays.placement)
    usual = np.full((latest.size, len(_FEATURES)), -1)
    for column in range(len(_FEATURES)):
        known = recent & (values[:, column] >= 0)
        _set_most_frequent(
            usual[:, column], group[known], values[known, column], displays.at[known]
        )
    return _filled(usual.reshape(*shape, -1), latest.reshape(shape))


def _set_most_frequent(usual: Codes, group: Codes, value: Codes, at: Codes) -> None:
    pairs, place, counts = np.unique(
        group * len(_TEXTS) + value, return_inverse=True, return_counts=True
    )
    last = np.zeros(len(pairs), np.int64)
    np.maximum.at(last, place, at)
    # Of repeated indices numpy keeps the last assignment.
    order = np.lexsort((pairs, last, counts))
    usual[pairs[order] // len(_TEXTS)] = pairs[order] % len(_TEXTS)


def _filled(usual: Codes, latest: Codes) -> Codes:
    # Of equally late placements the first by name, as the dbt project has it.
    by_name = np.argsort(PLACEMENT_IDS)
    anywhere = by_name[latest[by_name].argmax(axis=0)]
    people = np.arange(usual.shape[1])
    return np.where((latest < 0)[:, :, None], usual[anywhere, people][None], usual)


def context_maps(values: Codes) -> pa.Array:
    """Return one map from feature to text per row of values."""
    known = values >= 0
    offsets = np.concatenate([[0], np.cumsum(known.sum(axis=1))]).astype(np.int32)
    keys = pa.array(list(_FEATURES)).take(pa.array(np.nonzero(known)[1]))
    texts = pa.array(_TEXTS.tolist()).take(pa.array(values[known]))
    return pa.MapArray.from_arrays(pa.array(offsets), keys, texts)
