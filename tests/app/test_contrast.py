"""Every text of the app can be read in both themes: a contrast of 4.5 to 1 (WCAG AA)."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.charts.style import LOW_TO_HIGH, TEXT_ON_CELLS
from benchmarks.synthetic_publication import write_publication
from tests.support.browsing import CHROMIUM, PAGES, visit
from tests.support.contrast import texts
from tests.support.opening import today

AA = 4.5


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the PATH")
def test_texts_and_axis_labels_have_contrast(tmp_path: Path) -> None:
    """Headings, captions, boxes, axis labels and legends of every page, as a browser draws them."""
    write_publication(tmp_path, today())
    low = []
    with visit(tmp_path, 1440) as seen:
        for theme in ("light", "dark"):
            seen.page.emulate_media(color_scheme=theme)
            seen.open()
            for title in PAGES:
                seen.go_to(title)
                found = texts(seen.page)
                assert len(found) > 20, title
                low += [(theme, title, *text.values()) for text in found if text["ratio"] < AA]
    assert low == []


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour such as `#1f1f1f`."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("ground", LOW_TO_HIGH)
def test_numbers_in_heat_maps_have_contrast(ground: str) -> None:
    """The text of a cell can be read on the lightest and the darkest colours."""
    ends = sorted([luminance(ground), luminance(TEXT_ON_CELLS)])
    assert (ends[1] + 0.05) / (ends[0] + 0.05) >= AA
