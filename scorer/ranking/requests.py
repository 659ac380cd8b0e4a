"""Ranks single requests with the features, model, policy and tie order of the weekly batch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scorer.arrays import Codes, Mask
from scorer.errors import InputError
from scorer.features import DECISIONING
from scorer.forest import Eligible
from scorer.ranking import exploration
from scorer.ranking.arms import arm_names, traffic_types
from scorer.ranking.batch import batch_rows, model_version
from scorer.ranking.context import StrategyContext
from scorer.ranking.eligibility import eligible_by_set, listed_columns
from scorer.ranking.known_people import RULE_SEGMENTS
from scorer.ranking.offer_choice import Decisions
from scorer.ranking.ranked_rows import RankedRows, rank_decisions
from scorer.ranking.rules import OfferRules
from scorer.warehouse.database import Connection

REQUEST_ROWS_SCHEMA = pa.schema(
    [
        ("request_id", pa.string()),
        ("rank", pa.int32()),
        ("offer_id", pa.string()),
        ("score", pa.float64()),
        ("traffic_type", pa.string()),
        ("is_exploration", pa.bool_()),
        ("arm", pa.string()),
        ("propensity", pa.float64()),
        ("model_version", pa.string()),
    ]
)
REJECTED_SCHEMA = pa.schema(
    [("row_number", pa.int64()), ("request_id", pa.string()), ("reason", pa.string())]
)
NOTHING_ELIGIBLE = "no offer is eligible"
_DEFAULT = "default"
_LISTED = "requested offers"
KNOWN_SET = "eligibility_set_id"
_KNOWN = """
select requests.*, candidates.eligibility_set_id{excluded}
from requests
left join main.ranking_candidates as candidates
    on candidates.strategy_id = ?
    and candidates.profile_id = requests.profile_id::varchar
    and candidates.placement_id = {placement}
order by requests.request_number
"""


@dataclass(frozen=True)
class RankedRequests:
    """Ranked rows in the order of the requests, and the requests without any.

    ``rows`` follows REQUEST_ROWS_SCHEMA, ``rejected`` REJECTED_SCHEMA with row numbers from 1:
    wrong requests, and those for which no offer is eligible.
    """

    rows: pa.Table
    rejected: pa.Table


def rank_requests(requests: pa.Table, context: StrategyContext) -> RankedRequests:
    """Rank the offers of every request.

    Parameters
    ----------
    requests : pa.Table
        Required: ``request_id, profile_id``. Optional: ``activity_id, scope_id, placement_id``
        ('default' if missing), ``offer_ids`` (a list, or text separated by '|'; all eligible
        offers if missing), ``seg_*`` and ``ctx_*``; ``eligibility_set_id`` and
        ``excluded_offer_ids`` of known profiles, from :func:`with_known_eligibility`.
    context : StrategyContext
        ``context.without_arms()`` personalises every request.

    Raises
    ------
    InputError
        A required column is missing, or a column cannot be read. Wrong rows do not raise: they
        are in ``rejected`` with a reason.
    """
    table = _normalised(requests)
    reasons = _reasons(table, context)
    bad = pc.is_valid(reasons)
    rejected = pa.table(
        [pa.array(np.arange(1, table.num_rows + 1)), table["request_id"], reasons],
        schema=REJECTED_SCHEMA,
    ).filter(bad)
    good = table.filter(pc.invert(bad)).combine_chunks()
    context = _with_listed(context, good["offer_ids"])
    batches = [_rank(context, b) for b in good.to_batches(max_chunksize=batch_rows(context))]
    rows = pa.Table.from_batches(batches, REQUEST_ROWS_SCHEMA)
    without = pc.and_(
        pc.is_null(reasons), pc.invert(pc.is_in(table["request_id"], rows["request_id"]))
    )
    numbers = pa.array(np.arange(1, table.num_rows + 1)).filter(without)
    empty = pa.table(
        [
            numbers,
            table["request_id"].filter(without),
            pa.repeat(pa.scalar(NOTHING_ELIGIBLE), len(numbers)),
        ],
        schema=REJECTED_SCHEMA,
    )
    return RankedRequests(rows, pa.concat_tables([rejected, empty]).sort_by("row_number"))


def with_known_eligibility(
    connection: Connection, requests: pa.Table, strategy_id: str
) -> pa.Table:
    """Add the eligibility set and the exclusions of known profiles to the requests.

    A table without ``profile_id`` is returned unchanged; :func:`rank_requests` raises for it.
    """
    if "profile_id" not in requests.column_names:
        return requests
    has_placement = "placement_id" in requests.column_names
    placement = (
        "coalesce(requests.placement_id::varchar, 'default')" if has_placement else "'default'"
    )
    numbered = requests.append_column("request_number", pa.array(np.arange(requests.num_rows)))
    connection.register("requests", numbered)
    is_excluded = "excluded_offer_ids" in requests.column_names
    excluded = "" if is_excluded else ", candidates.excluded_offer_ids"
    sql = _KNOWN.format(placement=placement, excluded=excluded)
    known = connection.sql(sql, params=[strategy_id]).to_arrow_table()
    connection.unregister("requests")
    return known.drop_columns(["request_number"])


def _normalised(requests: pa.Table) -> pa.Table:
    """Normalise ids to text, placements to 'default', offers to lists, and names of features."""
    for name in ("request_id", "profile_id"):
        if name not in requests.column_names:
            raise InputError(f"the requests have no column {name}; add it to the file")
    columns: dict[str, Any] = {
        _feature_name(name): requests[name] for name in requests.column_names
    }
    for name in ("request_id", "profile_id", *DECISIONING):
        text = _text(columns.get(name), requests.num_rows, name)
        columns[name] = pc.fill_null(text, _DEFAULT) if name in DECISIONING else text
    columns["offer_ids"] = _lists(columns.get("offer_ids"), requests.num_rows)
    return pa.table(columns)


def _feature_name(name: str) -> str:
    for prefix, kind in (("seg_", "segment:"), ("ctx_", "context:")):
        if name.startswith(prefix):
            return kind + name[len(prefix) :]
    return name


def _text(column: Any, n: int, name: str) -> pa.Array:
    """Trimmed text; an empty one is missing."""
    if column is None:
        return pa.nulls(n, pa.string())
    try:
        text = pc.utf8_trim_whitespace(pc.cast(column, pa.string()))
    except pa.ArrowException:
        raise InputError(f"column {name} of the requests holds {column.type}, not text") from None
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _lists(column: Any, n: int) -> pa.Array:
    lists = pa.list_(pa.string())
    if column is None or pa.types.is_null(column.type):
        return pa.nulls(n, lists)
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return pc.cast(column, lists)
    text = pc.replace_substring_regex(_text(column, n, "offer_ids"), r"\s*\|\s*", "|")
    return pc.cast(pc.split_pattern(text, "|"), lists)


def _reasons(table: pa.Table, context: StrategyContext) -> pa.Array:
    """Reason why each request cannot be ranked, null for a valid request."""
    reasons = np.full(table.num_rows, None, dtype=object)
    unknown = _unknown_offers(table["offer_ids"].combine_chunks(), context)
    for row, offer_id in unknown.items():
        reasons[row] = f"offer_ids names an unknown offer: {offer_id}"
    for row in _repeated(table["request_id"]):
        reasons[row] = "request_id was used by an earlier row"
    for name in ("profile_id", "request_id"):
        missing = pc.is_null(table[name]).to_numpy()
        reasons[missing] = f"{name} is missing"
    return pa.array(reasons, pa.string())


def _unknown_offers(lists: pa.ListArray, context: StrategyContext) -> dict[int, str]:
    known = {o.offer_id for o in (*context.offers, *context.candidates)}
    offers = pc.list_flatten(lists)
    unknown = pc.invert(pc.is_in(offers, pa.array(sorted(known), pa.string())))
    rows = pc.list_parent_indices(lists).filter(unknown).to_pylist()
    names = offers.filter(unknown).to_pylist()
    return dict(zip(reversed(rows), reversed(names), strict=True))


def _repeated(ids: pa.ChunkedArray) -> Codes:
    """Rows with the id of an earlier row."""
    codes = ids.combine_chunks().dictionary_encode().indices
    codes = pc.fill_null(codes, -1).to_numpy(zero_copy_only=False)
    first = np.zeros(codes.size, dtype=np.bool_)
    first[np.unique(codes, return_index=True)[1]] = True
    return np.flatnonzero(~first & (codes >= 0))


def _with_listed(context: StrategyContext, lists: pa.ChunkedArray) -> StrategyContext:
    """Make every listed offer a candidate, whether or not it is eligible anywhere."""
    listed = frozenset(pc.unique(pc.list_flatten(lists.combine_chunks())).to_pylist())
    return replace(context, eligibility={**context.eligibility, _LISTED: listed - {None}})


def _rank(context: StrategyContext, batch: pa.RecordBatch) -> pa.RecordBatch:
    placements = batch.column("placement_id").to_pylist()
    profiles = batch.column("profile_id").to_pylist()
    decisions = Decisions(
        users=batch,
        placement_ids=batch.column("placement_id"),
        eligible=Eligible.by_user(_eligible(context, batch, placements)),
        draws=exploration.draw(context.policy, context.cycle, profiles, placements),
    )
    return _to_batch(context, batch, rank_decisions(context, decisions))


def _eligible(context: StrategyContext, batch: pa.RecordBatch, placements: list[str]) -> Mask:
    """The listed offers; else those of the profile, or of unknown profiles at the placement."""
    defaults = {p: context.mask(context.default_offers(p)) for p in set(placements)}
    eligible = np.stack([defaults[p] for p in placements])
    if RULE_SEGMENTS in batch.schema.names:
        eligible = _eligible_by_rules(context, batch, placements)
    elif KNOWN_SET in batch.schema.names:
        known = pc.is_valid(batch.column(KNOWN_SET)).to_numpy(zero_copy_only=False)
        eligible[known] = eligible_by_set(context, batch).mask()[known]
    lists = batch.column("offer_ids")
    eligible[pc.is_valid(lists).to_numpy(zero_copy_only=False)] = False
    rows, columns = listed_columns(context, lists)
    eligible[rows, columns] = True
    return eligible


def _eligible_by_rules(
    context: StrategyContext, batch: pa.RecordBatch, placements: list[str]
) -> Mask:
    """Offers for the segments of the requests, as of the cycle, without those withheld."""
    rules = OfferRules(context)
    segments = batch.column(RULE_SEGMENTS).to_pylist()
    masks = [
        rules.mask(placement, own, context.as_of)
        for placement, own in zip(placements, segments, strict=True)
    ]
    eligible = np.stack(masks)
    rows, columns = listed_columns(context, batch.column("excluded_offer_ids"))
    eligible[rows, columns] = False
    return eligible


def _to_batch(context: StrategyContext, batch: pa.RecordBatch, rows: RankedRows) -> pa.RecordBatch:
    n = rows.row.size
    policy = pa.array(rows.policy)
    traffic_type = pa.array(traffic_types()).take(policy)
    columns = {
        "request_id": batch.column("request_id").take(pa.array(rows.row)),
        "rank": pa.array(rows.rank),
        "offer_id": rows.offer_ids,
        "score": pa.array(rows.score, from_pandas=True),
        "traffic_type": traffic_type,
        "is_exploration": pc.equal(traffic_type, "random"),
        "arm": pa.array(arm_names()).take(policy),
        "propensity": pa.array(rows.propensity),
        "model_version": pa.repeat(pa.scalar(model_version(context), pa.string()), n),
    }
    arrays = [pc.cast(columns[field.name], field.type) for field in REQUEST_ROWS_SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=REQUEST_ROWS_SCHEMA)
