"""The report of a cycle: one HTML file with the sentences of the app and charts as SVG.

It needs no network and no script, and prints. `python -m app.report HOME FILE` writes it.
"""

from __future__ import annotations

import html
import io
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from app import text
from app.charts import performance as charts
from app.charts.style import Figure, legible, value_format
from app.database import (
    OutdatedPublicationError,
    Publication,
    UnreadablePublicationError,
    find_publication,
)
from app.filters import Period
from app.queries import overview, performance, shared
from app.sentences import overview as sentences
from app.sentences import performance as performance_sentences

WIDTH, LABELS = 640, "#4a5058"
_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif; color: #1f2328;
  background: #fff; max-width: 760px; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; margin-bottom: 0; } h2 { margin: 2.2rem 0 0; font-size: 1.3rem; }
.gain { font-size: 1.5rem; font-weight: 650; margin: .4rem 0 0; }
.grey { color: #57606a; } figure { margin: 1rem 0; } svg { max-width: 100%; height: auto; }
table { border-collapse: collapse; margin: .6rem 0; }
td, th { text-align: left; padding: .25rem 1rem .25rem 0; vertical-align: top;
  border-bottom: 1px solid #d0d7de; }
th { white-space: nowrap; font-weight: 600; }
@page { margin: 16mm; }
@media print {
  body { margin: 0; max-width: none; font-size: 13px; }
  section, figure { break-inside: avoid; }
  section:not(:first-of-type):has(h2) { break-before: page; }
  svg { max-height: 88mm; }
}
"""


class ReportError(Exception):
    """The publication is missing or cannot be read, or what draws charts is not installed."""


def write_report(home: Path) -> str:
    """Return the report of the current publication of a home folder, as HTML.

    Raises
    ------
    ReportError
        Nothing is published, the publication is damaged or of another version, or vl-convert is
        missing.
    """
    publication = find_publication(home)
    if publication is None:
        raise ReportError(f"nothing is published in {home}: run `nextoffer run` first")
    if find_spec("vl_convert") is None:
        raise ReportError("charts need vl-convert: pip install 'nextoffer[report]'")
    try:
        return _page(publication)
    except OutdatedPublicationError as error:
        raise ReportError(
            f"{publication.path} was written by another version of nextoffer"
            f" ({error}): run `nextoffer run` for a new one"
        ) from None
    except UnreadablePublicationError as error:
        raise ReportError(str(error)) from None


def _page(publication: Publication) -> str:
    as_of = shared.as_of(publication)
    standing = shared.strategies(publication).merge(
        overview.standing(publication), on="strategy_id"
    )
    period = Period.last(30, as_of)
    parts = [_strategy(publication, row, period) for _, row in standing.iterrows()]
    title = f"nextoffer report, {text.day(as_of)}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{html.escape(title)}</h1>"
        f'<p class="grey">Computed for {text.moment(as_of)}. All times are UTC.</p>'
        f"{''.join(parts)}<section>{_paragraph(sentences.meaning(standing), 'grey')}</section>"
        "</body></html>"
    )


def _strategy(publication: Publication, row: pd.Series, period: Period) -> str:
    alerts = overview.alerts(publication)
    alerts = alerts[alerts["strategy_id"] == row["strategy_id"]]
    step = sentences.next_step(row, alerts)
    state = sentences.STATES.get(row["status"], (row["status"], ""))[0]
    rows = {
        "State": f"{state}. {sentences.standing(row)}",
        "Lift over random": _lift(row, "lift"),
        "Lift over best single": _lift(row, "best_lift"),
        "Lift over control": _lift(row, "control_lift"),
        "Personalised, 7 days": f"{text.percent(row['personalised_share'])} {sentences.arms(row)}",
        "Offers ready": f"{row['offers_ready']} of {row['offers']}",
        "Next step": step.words,
    }
    if not text.is_known(row["status_over_control"]):
        del rows["Lift over control"]
    table = "".join(
        f"<tr><th>{name}</th><td>{markdown_as_html(value)}</td></tr>"
        for name, value in rows.items()
    )
    said = [f"**{alert.severity}:** {text.prose(alert.sentence)}" for alert in alerts.itertuples()]
    found = [f"<li>{markdown_as_html(words)}</li>" for words in said]
    return (
        f"<section><h2>{markdown_as_html(text.plain(row['display_name']))}</h2>"
        f'<p class="gain">{markdown_as_html(sentences.gain(row))}</p>'
        f"{_paragraph(' '.join([sentences.gain_range(row), sentences.rewards(row)]))}"
        f"<table>{table}</table>"
        f"<ul>{''.join(found) or '<li>No alerts.</li>'}</ul></section>"
        f"{_charts(publication, row, period)}"
    )


def _lift(row: pd.Series, name: str) -> str:
    between = text.interval(row[f"{name}_low"], row[f"{name}_high"])
    known = f" ({between}, 95 %)" if between != text.NONE else ""
    return f"{text.change(row[name])}{known}"


def _charts(publication: Publication, row: pd.Series, period: Period) -> str:
    asked = (publication, str(row["strategy_id"]), None, period)
    is_amount = row["kpi_type"] == "continuous"
    unit = f"{row['reward_name']} per display"
    over_time = performance_sentences.named(performance.over_time(*asked))
    figures: list[Figure] = []
    if not over_time.empty:
        figures.append(charts.over_time(over_time, text.sentence_case(unit), unit, is_amount))
    gain = performance.gain_over_time(publication, str(row["strategy_id"]))
    if gain["gain"].notna().any():
        title = "Gain over random, added up over 30 days"
        figures.append(charts.cumulative(gain, title, value_format(is_amount)))
    life = performance_sentences.named(performance.life(publication, str(row["strategy_id"])))
    if not life.empty:
        events = performance.timeline(publication, str(row["strategy_id"]))
        figures.append(charts.life(life, performance_sentences.events(events), "Life so far"))
    return "".join(f"<figure>{_svg(figure)}</figure>" for figure in figures)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    legible(figure, LABELS).properties(width=WIDTH).save(buffer, format="svg")
    return re.sub(r"^<\?xml[^>]*>|<!DOCTYPE[^>]*>", "", buffer.getvalue())


def _paragraph(markdown: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f"<p{named}>{markdown_as_html(markdown)}</p>"


def markdown_as_html(markdown: str) -> str:
    """Return a sentence of the app as HTML: bold, code and escapes, everything else as text.

    Text that is too long to read is cut, and the tooltip has all of it.
    """
    escaped = html.escape(text.cut(markdown), quote=False)
    escaped = re.sub(r"(?<!\\)\*\*(.+?)(?<!\\)\*\*", r"<b>\1</b>", escaped)
    escaped = re.sub(r"(?<!\\)`(.+?)(?<!\\)`", r"<code>\1</code>", escaped)
    shown = _unescaped(escaped)
    whole = html.escape(_unescaped(re.sub(r"(?<!\\)(\*\*|`)", "", text.in_full(markdown))))
    return f'<span title="{whole}">{shown}</span>' if whole else shown


def _unescaped(markdown: str) -> str:
    return re.sub(r"\\(&[a-z]+;|.)", r"\1", markdown).replace("\u2060", "")


def main() -> None:
    """Write the report of a home folder to a file; both are arguments."""
    home, out = map(Path, sys.argv[1:3])
    try:
        out.write_text(write_report(home), encoding="utf-8")
    except ReportError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
