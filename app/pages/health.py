"""Page: Health."""

from __future__ import annotations

from app import components
from app.view import View, show


def render(view: View) -> None:
    """Draw the page."""
    components.say(f"Nothing is drawn here yet for {components.plain(view.strategy_id)}.")


show("Health", render)
