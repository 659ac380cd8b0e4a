"""Messages of a run about its inputs: what has no effect, what it chose, and what stops it."""

from __future__ import annotations

from scorer.config import MAX_SEGMENTS, Settings
from scorer.errors import ConfigurationError, InputError
from scorer.inputs.configuration import FILES, check_configuration
from scorer.inputs.raw_folder import check_raw_folder
from scorer.warehouse.database import Connection
from scorer.warehouse.input_tables import read_input_tables

_SHOWN = 3
_WARNINGS = """
select sentence
from input_findings
where severity = 'warning'
order by likely_subject is null, sentence
"""
_SEGMENTS = """
select
    strategies.strategy_id || ': ' || count(features.feature_name) || ' segments are features'
        || if(count(features.feature_name) = $most, ', the most that a strategy may have', '')
from dim_ranking_strategies as strategies
left join strategy_features as features
    on strategies.strategy_id = features.strategy_id and features.feature_kind = 'segment'
group by strategies.strategy_id
order by strategies.strategy_id
"""
_UNENFORCEABLE = "select sentence from input_findings where severity = 'error' order by sentence"
# Single queries: as subqueries of one query, the engine may wait for itself forever.
_ACCEPTED = """
select 1 from input_findings
where finding = 'accepted' and list_contains($inputs, input_name)
limit 1
"""
_WITHOUT_ITEMS = """
select 1 from input_findings
where finding = 'rejected' and subject ~ '^(display without items|item without id)'
limit 1
"""
_A_DISPLAY = "select 1 from fct_displays limit 1"
_REASONS = """
select subject, occurrences, example
from input_findings
where finding = 'rejected' and list_contains($inputs, input_name)
order by occurrences desc, subject
"""


def require_inputs(settings: Settings) -> None:
    """Raise unless there are inputs.

    Raises
    ------
    ConfigurationError
        The raw folder is not stated.
    InputError
        The raw folder is missing or contains no input.
    """
    if settings.raw is not None:
        check_raw_folder(settings.raw, may_be_empty=bool(settings.inputs))
    elif not settings.inputs:
        raise ConfigurationError(
            "--raw is missing; name the folder of your input files, or set raw in nextoffer.toml"
        )


def check_inputs(settings: Settings) -> None:
    """Raise unless the configuration among the inputs is valid.

    Raises
    ------
    ConfigurationError
        A row of the configuration is wrong.
    InputError
        A file or table cannot be read.
    """
    check_configuration(settings, read_input_tables(settings, tuple(FILES)))


def require_records(connection: Connection, is_sample: bool = False) -> None:
    """Raise if an input has no usable record, or a restriction that cannot be enforced.

    For a sample, only the records are checked, because it may lack what a restriction names.

    Raises
    ------
    InputError
        All displays and events, all offers of the catalogue, or all segment memberships were
        rejected (the message has up to three reasons with an example each); or a restriction names
        an unknown column, placement, segment or event type.
    """
    for what, inputs in (
        ("display", ["displays", "experience_events"]),
        ("offer of the catalogue", ["offers"]),
        ("segment membership", ["segment_memberships"]),
    ):
        found = connection.execute(_REASONS, {"inputs": inputs}).fetchall()
        if found and not _are_usable(connection, inputs):
            reasons = "; ".join(f"{why} ({n}, such as {e})" for why, n, e in found[:_SHOWN])
            raise InputError(f"every {what} was rejected: {reasons}")
    unenforceable = connection.execute(_UNENFORCEABLE).fetchall()
    if unenforceable and not is_sample:
        sentences = "; ".join(sentence for (sentence,) in unenforceable[:_SHOWN])
        raise InputError(f"{sentences}; correct the name, or remove it if it is not needed")


def _are_usable(connection: Connection, inputs: list[str]) -> bool:
    """Return whether a record was accepted; of displays, also whether one has an item."""

    def finds(sql: str, **parameters: object) -> bool:
        return bool(connection.execute(sql, parameters).fetchall())

    if not finds(_ACCEPTED, inputs=inputs):
        return False
    are_displays = "displays" in inputs
    return not (are_displays and finds(_WITHOUT_ITEMS) and not finds(_A_DISPLAY))


def input_warnings(connection: Connection) -> list[str]:
    """Return a sentence for each file, column, id and row of a rule that has no effect."""
    return [sentence for (sentence,) in connection.execute(_WARNINGS).fetchall()]


def segments_used(connection: Connection) -> list[str]:
    """Return a sentence for each strategy: how many segments its model may use."""
    found = connection.execute(_SEGMENTS, {"most": MAX_SEGMENTS}).fetchall()
    return [sentence for (sentence,) in found]
