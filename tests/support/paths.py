"""Folders of the checkout and of the data beside it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "dbt_project"
DOCS = ROOT / "docs"
APP = ROOT / "app"
# Real data, handed out apart from the repository; tests that need it skip themselves without it.
DATA = ROOT.parent / "shared" / "data"
# Small inputs that were read wrongly once, each with its right answer; handed out like the data.
CASES = ROOT.parent / "shared" / "cases"
