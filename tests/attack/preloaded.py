"""Imports of every command, so that a process forked from this one starts immediately."""

from __future__ import annotations

import dbt.adapters.duckdb
import dbt.cli.main
import duckdb
import numba
import pyarrow.parquet
import xgboost

import scorer.cli.app
import scorer.cli.status
import scorer.cycle.one_strategy
import scorer.cycle.run
import scorer.warehouse.dbt

__all__ = ["dbt", "duckdb", "numba", "pyarrow", "scorer", "xgboost"]
