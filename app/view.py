"""The frame of all pages: the publication, its state, the filters and the errors.

A page is one function `render(view)` and one call of `show`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from os import environ

import pandas as pd
import streamlit as st

from app import components, filters
from app.database import (
    OutdatedPublicationError,
    Publication,
    UnreadablePublicationError,
    find_publication,
    home_folder,
)
from app.filters import Period
from app.queries import shared
from app.text import is_known, short

_CYCLE = timedelta(days=7)
_GRACE = timedelta(days=1)
_LONGEST_KPI = 40
_LOOK_EVERY = timedelta(seconds=5)


@dataclass(frozen=True)
class View:
    """The choices that a page shows.

    `placement` None means all placements together. `strategy` is a row of `shared.strategies`;
    `has_model` is whether that strategy has a deployed model.
    """

    publication: Publication
    as_of: datetime
    strategies: pd.DataFrame
    strategy_id: str
    placement: str | None
    period: Period

    @property
    def strategy(self) -> pd.Series:
        """Return the chosen strategy's row of `shared.strategies`."""
        row: pd.Series = self.strategies.set_index("strategy_id", drop=False).loc[self.strategy_id]
        return row

    @property
    def has_model(self) -> bool:
        """Return whether the chosen strategy has a deployed model."""
        return bool(pd.notna(self.strategy["deployed_model_version"]))

    @property
    def is_amount(self) -> bool:
        """Return whether the KPI of the strategy is an amount and not a rate."""
        return bool(self.strategy["kpi_type"] == "continuous")

    @property
    def name(self) -> str:
        """Return the name of the chosen strategy for people."""
        return str(self.strategy["display_name"])

    @property
    def unit(self) -> str:
        """Return the unit of the reward, for example `revenue per display (CHF)`."""
        currency = self.strategy["currency"]
        unit = f"{short(self.strategy['reward_name'], _LONGEST_KPI)} per display"
        return f"{unit} ({currency})" if self.is_amount and is_known(currency) else unit

    @property
    def worth(self) -> str:
        """Return what rewards are counted in: the currency, or the name of the reward."""
        currency = self.strategy["currency"]
        has_currency = self.is_amount and is_known(currency)
        return short(currency if has_currency else self.strategy["reward_name"], _LONGEST_KPI)


def show(
    title: str,
    render: Callable[[View], None],
    *,
    by: tuple[str, ...] = ("strategy",),
    wide_periods: bool = False,
) -> None:
    """Draw a page: title, state of the data, filters, then `render`.

    Parameters
    ----------
    title : str
        Heading of the page.
    render : callable
        Draws the rest of the page; called only when something is published.
    by : tuple of str
        Filters to offer, of strategy, placement and period. A page without the filter
        `strategy` covers all strategies and shows for each whether it has a model.
    wide_periods : bool
        Whether the period may also be a custom range of days.
    """
    st.title(title)
    publication = find_publication(home_folder())
    _watch(publication)
    if publication is None:
        components.nothing_published(home_folder())
        return
    try:
        as_of = shared.as_of(publication)
        _say_age(as_of)
        strategies = shared.strategies(publication)
        if strategies.empty:
            st.info("No strategy is published. Run `nextoffer run` on a folder with events.")
            return
        view = _view(publication, as_of, strategies, by, wide_periods)
        if "strategy" in by and not view.has_model:
            components.cold_start(view.strategy["status"], view.strategy["reason"])
        render(view)
    except OutdatedPublicationError as error:
        components.outdated(str(error))
    except UnreadablePublicationError as error:
        components.unreadable(error.what, error.remedy)


def _view(
    publication: Publication,
    as_of: datetime,
    strategies: pd.DataFrame,
    by: tuple[str, ...],
    wide_periods: bool,
) -> View:
    strategy, placement, period = strategies["strategy_id"].iloc[0], None, Period.last(30, as_of)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if "strategy" in by:
            ids, names = strategies["strategy_id"], strategies["display_name"]
            strategy = filters.choose_strategy(dict(zip(ids, names, strict=True)))
        if "placement" in by:
            placement = filters.choose_placement(shared.placements(publication, strategy))
        if "period" in by:
            period = filters.choose_period(as_of, wide_periods)
    return View(publication, as_of, strategies, strategy, placement, period)


def now() -> datetime:
    """Return the current time, UTC without a time zone.

    `NEXTOFFER_NOW`, an ISO time, takes its place, for pictures and reports of an older publication.
    """
    fixed = environ.get("NEXTOFFER_NOW")
    return datetime.fromisoformat(fixed) if fixed else datetime.now(UTC).replace(tzinfo=None)


def _say_age(as_of: datetime) -> None:
    age = now() - as_of
    components.age_of_publication(as_of, age, is_stale=age > _CYCLE + _GRACE)


@st.fragment(run_every=_LOOK_EVERY)
def _watch(shown: Publication | None) -> None:
    if find_publication(home_folder()) != shown:
        st.rerun(scope="app")
