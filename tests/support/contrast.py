"""Texts of a page in a browser whose contrast with the ground is too low (WCAG 2, 1.4.3)."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

# Every element that holds text itself, with the colour that its opacity leaves on what lies below.
# Text in the cells of a heat map lies on marks, not on the page; a test of the colours covers it.
_TEXTS = """
() => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgba = colour => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3]));
    const ground = element => {
        const layers = [];
        for (let e = element; e; e = e.parentElement) {
            const layer = rgba(getComputedStyle(e).backgroundColor);
            if (layer[3] > 0) layers.push(layer);
            if (layer[3] === 1) break;
        }
        return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
    };
    const opacity = element => {
        let value = 1;
        for (let e = element; e; e = e.parentElement) value *= getComputedStyle(e).opacity;
        return value;
    };
    const luminance = colour => {
        const [r, g, b] = colour.map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = [];
    for (const element of document.querySelectorAll('[data-testid=stApp] *')) {
        const own = [...element.childNodes]
            .filter(n => n.nodeType === 3).map(n => n.textContent.trim()).join(' ').trim();
        const box = element.getBoundingClientRect();
        const style = getComputedStyle(element);
        const hidden = style.visibility === 'hidden' || box.width < 2 || box.height < 2;
        // The value of a slider stands above its thumb, in which it is.
        const isSkipped = element.closest(
            'style, script, title, .role-mark.mark-text, [data-testid=stSliderThumbValue]'
        );
        if (!own || hidden || isSkipped || opacity(element) === 0) continue;
        const text = rgba(element instanceof SVGElement ? style.fill : style.color);
        text[3] *= opacity(element);
        const below = ground(element);
        const [a, b] = [over(text, below), below].map(luminance);
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        found.push({text: own.slice(0, 60), ratio: Math.round(100 * ratio) / 100});
    }
    return found;
}
"""


def texts(page: Page) -> list[dict[str, Any]]:
    """Return each text that the page shows, with its contrast ratio."""
    found: list[dict[str, Any]] = page.evaluate(_TEXTS)
    return found
