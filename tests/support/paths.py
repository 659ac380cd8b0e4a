"""Folders of the checkout and of the data next to it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "dbt_project"
DOCS = ROOT / "docs"
APP = ROOT / "app"
# Real data, distributed apart from the repository; tests that need it are skipped without it.
DATA = ROOT.parent / "shared" / "data"
# Small inputs with the right answer for each, distributed like the data.
CASES = ROOT.parent / "shared" / "cases"
