"""Column names as people write them: case, spaces, hyphens and underscores do not count.

The same rules as the dbt project's macros/raw/column_names.sql, for what Python reads itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from scorer.errors import ConfigurationError

PREFIXES = ("seg", "ctx")
_PREFIX_ENDS = ("_", " ", "-")
# What other tools call our columns.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "event_ts": ("timestamp", "ts", "time", "datetime", "date", "event_time", "created_at"),
    "profile_id": ("user_id", "customer_id", "visitor_id", "person_id", "user", "client_id", "uid"),
    "offer_id": ("item_id", "action", "action_id", "arm", "product_id", "creative_id", "offer"),
    "request_id": ("session_id", "impression_id", "decision_id"),
    "placement_id": ("placement", "slot", "slot_id", "location", "channel", "page"),
    "position": ("rank", "slot_position"),
    "propensity": ("prop", "probability", "pscore", "propensity_score", "action_prob", "p"),
    "traffic_type": ("traffic", "policy", "arm_type"),
    "clicked": ("click", "clicks", "is_click", "is_clicked", "converted", "conversion", "label"),
    "value": ("reward", "revenue", "amount", "price", "order_value", "purchase_value"),
    "offer_name": ("name", "title"),
    "status": ("state", "lifecycle"),
    "start_date": ("starts_at", "valid_from", "start"),
    "end_date": ("ends_at", "valid_to", "valid_until", "end", "expiry", "expires_at"),
    "segment_id": ("segment", "audience", "audience_id", "segment_name"),
    "qualified_at": ("entered_at", "since"),
    "exited_at": ("left_at", "until"),
    "capping_limit": ("limit", "cap", "max"),
    "capping_event": ("event",),
}


def plain_name(name: str) -> str:
    """Return a name without case, spaces, hyphens and underscores."""
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def matched_columns(source: str, names: Sequence[str], wanted: Sequence[str]) -> dict[str, str]:
    """Return {a file's name: the wanted column it stands for}; names that match none are absent.

    Raises
    ------
    ConfigurationError
        Two names could both be the wanted column.
    """
    matched = {}
    for column in wanted:
        others = [
            name for name in names if name not in wanted and plain_name(name) == plain_name(column)
        ]
        if column in names:
            matched[column] = column
        elif len(others) > 1:
            raise ConfigurationError(
                f"{source}: columns {others[0]} and {others[1]} could both be {column};"
                f" rename the one that is meant to {column}"
            )
        elif others:
            matched[others[0]] = column
    return matched


def prefixed_name(name: str) -> str | None:
    """Return `seg_<name>` or `ctx_<name>` for a column with that prefix, None for another."""
    prefix, end, rest = name[:3].lower(), name[3:4], name[4:].strip()
    return f"{prefix}_{rest}" if prefix in PREFIXES and end in _PREFIX_ENDS and rest else None


def likely_column(name: str, wanted: Iterable[str]) -> str | None:
    """Return the wanted column that a name probably means: a synonym, else the nearest spelling."""
    columns = list(wanted)
    plain = plain_name(name)
    for column in columns:
        if plain in {plain_name(synonym) for synonym in SYNONYMS.get(column, ())}:
            return column
    near = get_close_matches(plain, [plain_name(column) for column in columns], 1, 0.75)
    return next((column for column in columns if near and plain_name(column) == near[0]), None)
