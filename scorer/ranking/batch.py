"""The weekly batch: reads candidates and writes ``ranked_offers`` as streams.

read (DuckDB, sorted, draws hashed) -> encode -> short lists -> propensities -> write (DuckDB)

Memory does not grow with the number of people. Each thread of DuckDB holds a batch of candidates
with at most 4 M scores of 8 bytes in a few copies. DuckDB itself uses 256 MB per thread
(:func:`limited_memory`) and sorts on disk beyond that. Its threads pull batches in turn, so that
ranking one batch and writing the previous one can overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from threadpoolctl import threadpool_limits

from scorer.features import DECISIONING
from scorer.ranking import exploration
from scorer.ranking.arms import arm_names, policies, traffic_types
from scorer.ranking.context import StrategyContext
from scorer.ranking.eligibility import eligible_by_set
from scorer.ranking.exploration import Draws
from scorer.ranking.offer_choice import Decisions
from scorer.ranking.ranked_rows import RankedRows, rank_decisions
from scorer.warehouse.database import Connection, limited_memory

Advance = Callable[[int], None]

RANKED_SCHEMA = pa.schema(
    [
        ("strategy_id", pa.string()),
        ("cycle_date", pa.date32()),
        ("profile_id", pa.string()),
        ("activity_id", pa.string()),
        ("scope_id", pa.string()),
        ("placement_id", pa.string()),
        ("rank", pa.int32()),
        ("offer_id", pa.string()),
        ("offer_name", pa.string()),
        ("score", pa.float64()),
        ("traffic_type", pa.string()),
        ("is_exploration", pa.bool_()),
        ("policy", pa.string()),
        ("arm", pa.string()),
        ("propensity", pa.float64()),
        ("eligible_count", pa.int32()),
        ("model_version", pa.string()),
        ("valid_from", pa.timestamp("us")),
        ("valid_to", pa.timestamp("us")),
    ]
)

_CANDIDATE = ("profile_id", *DECISIONING, "eligibility_set_id", "excluded_offer_ids")
_ARM, _ORDER_KEY = "nextoffer_arm", "nextoffer_order_key"

MAX_BATCH_ROWS = 50_000
_MAX_BATCH_CELLS = 4_000_000


def write_ranked_offers(
    connection: Connection, context: StrategyContext, progress: Advance | None = None
) -> int:
    """Replace the rows of the strategy in ``scorer.ranked_offers``; returns the number of rows.

    Runs in a transaction of its own, which a failure rolls back. A second cursor reads the
    candidates and sees committed data only. ``progress`` is called with the number of candidates
    ranked since its last call.
    """
    # Threads of BLAS would compete with those of DuckDB and of the forest.
    with limited_memory(connection), threadpool_limits(1, "blas"):
        reader = rank_candidates(connection, context, progress)
        connection.execute("begin")
        try:
            connection.execute(
                "delete from scorer.ranked_offers where strategy_id = ?", [context.strategy_id]
            )
            connection.register("nextoffer_ranked_rows", reader)
            (rows,) = connection.execute(
                "insert into scorer.ranked_offers by name select * from nextoffer_ranked_rows"
            ).fetchall()[0]
            connection.unregister("nextoffer_ranked_rows")
            connection.execute("commit")
        except BaseException:
            connection.execute("rollback")
            raise
    return int(rows)


def rank_candidates(
    connection: Connection, context: StrategyContext, progress: Advance | None = None
) -> pa.RecordBatchReader:
    """Stream the ranked rows of all candidates of a strategy, as RANKED_SCHEMA.

    Ordered by profile_id, placement_id and rank.
    """
    features = context.deployed.model.schema.select_list if context.deployed else ()
    arm, order_key = exploration.draw_sql(context.policy, context.cycle)
    draws = (f"{arm} as {_ARM}", f"{order_key} as {_ORDER_KEY}")
    columns = (*_CANDIDATE, *draws, *features)
    candidates = (
        connection.cursor()
        .sql(
            f"select {', '.join(columns)} from ranking_candidates where strategy_id = ?"
            " order by profile_id, placement_id",
            params=[context.strategy_id],
        )
        .to_arrow_reader(batch_rows(context))
    )
    return pa.RecordBatchReader.from_batches(
        RANKED_SCHEMA, _ranked_batches(context, candidates, progress)
    )


def batch_rows(context: StrategyContext) -> int:
    """Candidates per batch, so that score matrices stay below 32 MB each."""
    n_offers = max(len(context.candidates), len(context.score_columns), 1)
    return max(1, min(MAX_BATCH_ROWS, _MAX_BATCH_CELLS // n_offers))


def rank_batch(context: StrategyContext, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Rank one batch of candidates (columns of ``ranking_candidates`` and the features).

    Returns RANKED_SCHEMA in the order of the batch, each decision from rank 1 on.
    """
    decisions = Decisions(
        users=batch,
        placement_ids=batch.column("placement_id"),
        eligible=eligible_by_set(context, batch),
        draws=_draws(context, batch),
    )
    return _to_batch(context, batch, rank_decisions(context, decisions))


def _ranked_batches(
    context: StrategyContext, candidates: pa.RecordBatchReader, progress: Advance | None
) -> Iterator[pa.RecordBatch]:
    for batch in candidates:
        yield rank_batch(context, batch)
        if progress is not None:
            progress(batch.num_rows)


def _draws(context: StrategyContext, batch: pa.RecordBatch) -> Draws:
    """Draws of the database if the batch has them, else the same numbers drawn here."""
    if _ARM in batch.schema.names:
        drawn = (batch.column(name) for name in (_ARM, _ORDER_KEY))
        return Draws(*(column.to_numpy(zero_copy_only=False) for column in drawn))
    columns = (batch.column(name).to_pylist() for name in ("profile_id", "placement_id"))
    return exploration.draw(context.policy, context.cycle, *columns)


def _to_batch(context: StrategyContext, batch: pa.RecordBatch, rows: RankedRows) -> pa.RecordBatch:
    n, row = rows.row.size, pa.array(rows.row)
    policy = pa.array(rows.policy)
    traffic_type = pa.array(traffic_types()).take(policy)
    columns = {
        "strategy_id": _repeated(context.strategy_id, n),
        "cycle_date": _repeated(context.cycle_date, n),
        **{name: batch.column(name).take(row) for name in ("profile_id", *DECISIONING)},
        "rank": pa.array(rows.rank),
        "offer_id": rows.offer_ids,
        "offer_name": rows.offer_names,
        "score": pa.array(rows.score, from_pandas=True),
        "traffic_type": traffic_type,
        "is_exploration": pc.equal(traffic_type, "random"),
        "policy": pa.array(policies()).take(policy),
        "arm": pa.array(arm_names()).take(policy),
        "propensity": pa.array(rows.propensity),
        "eligible_count": pa.array(rows.eligible_count),
        "model_version": _repeated(model_version(context), n, pa.string()),
        "valid_from": _repeated(context.as_of, n),
        "valid_to": _repeated(context.valid_to, n),
    }
    arrays = [pc.cast(columns[field.name], field.type) for field in RANKED_SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=RANKED_SCHEMA)


def model_version(context: StrategyContext) -> str | None:
    """Model version of the ranked rows; None before the first model."""
    if context.deployed is None or not context.scored_offer_ids:
        return None
    return context.deployed.version


def _repeated(value: Any, n: int, kind: pa.DataType | None = None) -> pa.Array:
    return pa.repeat(pa.scalar(value, kind), n)
