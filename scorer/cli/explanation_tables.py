"""Explanations for people: short text and one table."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from scorer.cli.output import as_text
from scorer.explanations.effects import effect_text
from scorer.explanations.explain import CONTROL, EXPLORATION, value_text
from scorer.models.calibration import Calibration

_TERMS = 8
_CHANGES = 6

Part = dict[str, Any]


def explanation_parts(found: Part) -> list[Any]:
    """Text and tables of an explanation, in the order to print them."""
    parts: list[Any] = [_heading(found), _ranked(found)]
    if found["offer"]:
        parts += [Text(line) for line in _offer_lines(found)]
    if found["comparison"]:
        parts += [_terms(found["comparison"])]
    parts += [Text(line) for line in _change_lines(found)]
    return parts


def _heading(found: Part) -> Text:
    model = f", model {found['model_version']} ({found['model_kind']})"
    context = [
        f"{person['feature']} {value_text(person['value'])}"
        for person in found["person"]
        if person["kind"] == "context" and person["value"] is not None
    ]
    inside = [p["feature"] for p in found["person"] if p["kind"] == "segment" and p["value"]]
    return Text(
        f"{found['profile_id']} at {found['placement_id']}, strategy {found['strategy_id']},"
        f" cycle {found['cycle_date']}{model if found['model_version'] else ''}\n"
        f"Segments: {', '.join(inside) or 'none'}\nContext:  {', '.join(context) or 'none'}\n"
        f"Decided by {found['decided_by']}: {found['reason']}\n"
    )


def _ranked(found: Part) -> Table:
    """Table of the ranked offers, with the order of the model where it differs."""
    table = Table(title="Ranked", title_justify="left")
    is_same = found["decided_by"] not in (EXPLORATION, CONTROL)
    for name in ("rank", "offer", "score", "propensity"):
        table.add_column(name, justify="left" if name == "offer" else "right")
    if not is_same:
        table.add_column("the model alone")
    for i, row in enumerate(found["served"]):
        cells = [row["rank"], row["offer_id"], row["score"], row["propensity"]]
        if not is_same:
            alone = found["model_order"][i]
            cells.append(f"{alone['offer_id']} {as_text(alone['score'])}")
        table.add_row(*(Text(as_text(cell)) for cell in cells))
    return table


def _offer_lines(found: Part) -> list[str]:
    offer, name = found["offer"], found["offer"]["offer_id"]
    if offer["why_not_eligible"]:
        return [f"{name} may not be shown: {offer['why_not_eligible']}."]
    lines = []
    if offer["model_rank"] and offer["rank"] is None:
        lines.append(f"{name} is number {offer['model_rank']} in the order of the model.")
    ready = offer["readiness"]
    if ready and not ready["is_ready"]:
        lines.append(
            f"{name} is not ready ({ready['displays']} of {ready['min_displays']} displays,"
            f" {ready['successes']} of {ready['min_successes']} successes): it ranks below every"
            " ready offer until exploration has shown it often enough."
        )
    elif not offer["is_ranked_by_model"] and found["model_version"] and offer["is_eligible"]:
        lines.append(f"{name} is new to the model: it ranks below the offers that the model knows.")
    return lines


def _terms(comparison: Part) -> Table:
    """Table of the terms that distinguish two offers; the last row sums up the rest."""
    offers, terms = comparison["offer_ids"], comparison["terms"]
    is_pair = len(offers) > 1
    unit = {"logit": "on the odds", "log": "on the expected value"}.get(comparison["link"], "")
    title = f"Why {offers[0]}" + (f" against {offers[1]}" if is_pair else "")
    table = Table(title=f"{title}: effects {unit}".rstrip(), title_justify="left")
    table.add_column("term")
    table.add_column("this person")
    for name in [*offers, "difference"][: 3 if is_pair else 1]:
        table.add_column(name, justify="right")
    for term in terms[:_TERMS]:
        name = "level of the offer" if term["kind"] == "offer" else term["term"]
        cells = [*term["effects_text"], *([term["difference_text"]] if is_pair else [])]
        table.add_row(Text(name), Text(term["person"]), *cells)
    if len(terms) > _TERMS:
        table.add_row(f"{len(terms) - _TERMS} other terms", "", *_rest(comparison))
    if comparison["values_of_success"]:
        values = [as_text(value) for value in comparison["values_of_success"]]
        table.add_row("value of a success", "", *values, *([""] if is_pair else []))
    scores = [as_text(score) for score in comparison["scores"]]
    table.add_section()
    table.add_row("score", "", *scores, *([""] if is_pair else []))
    return table


def _rest(comparison: Part) -> list[str]:
    """Total effects of the terms that are not shown."""
    rest = comparison["terms"][_TERMS:]
    sums = [sum(column) for column in zip(*(term["effects"] for term in rest), strict=True)]
    if len(sums) > 1:
        sums.append(sums[0] - sums[1])
    calibration = Calibration(comparison["link"], comparison["slope"])
    return [effect_text(total, calibration) for total in sums]


def _change_lines(found: Part) -> list[str]:
    """Lines about the changes that would put another offer first."""
    order = found["model_order"]
    if found["comparison"] is None or not order:
        return []
    first, name = order[0]["offer_id"], found["offer"]["offer_id"]
    wanted = [c for c in found["changes"] if name == first or c["offer_id"] == name]
    target = f"another offer than {first}" if name == first else name
    if not wanted:
        return [f"No change of a single feature puts {target} first."]
    lines = [f"Single changes that would put {target} first:"]
    now = {(p["kind"], p["feature"]): value_text(p["value"]) for p in found["person"]}
    for change in wanted[:_CHANGES]:
        lines.append(
            f"  {change['feature']} {value_text(change['value'])} instead of"
            f" {now[change['kind'], change['feature']]}: {change['offer_id']}"
            f" ({as_text(change['score'])})"
        )
    if len(wanted) > _CHANGES:
        lines.append(f"  and {len(wanted) - _CHANGES} more (--json lists them)")
    return lines
