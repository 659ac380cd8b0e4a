"""Delta tables: the rows of the current snapshot, without the files that its log has removed."""

from __future__ import annotations

from pathlib import Path

from scorer.errors import ConfigurationError
from scorer.inputs.file_forms import UnreadableError

LOG = "_delta_log"


def write_snapshot(folder: Path, target: Path) -> None:
    """Write the current snapshot of a Delta table as one Parquet file.

    Raises
    ------
    ConfigurationError
        deltalake is not installed.
    UnreadableError
        The table is damaged, or has a feature that deltalake does not read.
    """
    try:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError
    except ImportError:
        raise ConfigurationError(
            f"{folder} is a Delta table: install deltalake (pip install 'nextoffer[delta]'),"
            " or export the table as plain Parquet files"
        ) from None
    import pyarrow.parquet as pq

    try:
        batches = DeltaTable(str(folder)).to_pyarrow_dataset().scanner().to_reader()
        with pq.ParquetWriter(target, batches.schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
    except (DeltaError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UnreadableError(
            f"is a table in Delta format that cannot be read: {reason};"
            " export it as plain Parquet files"
        ) from None
