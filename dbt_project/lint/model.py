"""Stands in for dbt's `model` while sqlfluff renders the models without a manifest."""

from __future__ import annotations

columns: dict[str, str] = {}
