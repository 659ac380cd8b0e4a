"""The script that Streamlit runs."""

from __future__ import annotations

from app.main import run

run()
