"""Replacement for dbt's `model` when sqlfluff renders the models without a manifest."""

from __future__ import annotations

columns: dict[str, str] = {}
