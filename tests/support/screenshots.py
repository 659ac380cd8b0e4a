"""Make the screenshots of the README: python -m tests.support.screenshots --home .demo.

With `--all FOLDER`, save instead every page at the three widths in both themes, to look at.
"""

from __future__ import annotations

import argparse
import io
import os
from datetime import timedelta
from pathlib import Path

import duckdb
from PIL import Image

from tests.support.browsing import PAGES, Visit, visit

SHOTS = {
    "overview": ("", 1000),
    "performance": ("performance?strategy=web_clicks", 1150),
    "interactions": ("interactions?strategy=web_clicks", 1000),
}
# Parts of screenshots: name -> the whole, and left, top, right and bottom in pixels.
PARTS = {"lift": ("performance", (340, 300, 1225, 1060))}
WIDTH, LARGEST = 1280, 150_000
WIDTHS, THEMES = (1440, 900, 390), ("light", "dark")
SECTIONS = ("Stable traffic", "Stable performance", "Data quality", "Freshness")


def main() -> None:
    """Save one PNG a page, each below 150 kB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".demo"))
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="save all pages there instead")
    parser.add_argument("--strategy", default="web_clicks", help="strategy of the pages of --all")
    arguments = parser.parse_args()
    out = arguments.all or arguments.out
    out.mkdir(parents=True, exist_ok=True)
    file = (arguments.home / "published.duckdb").resolve()
    with duckdb.connect(str(file), read_only=True) as connection:
        (as_of,) = connection.execute("select as_of from publication").fetchone() or (None,)
    # The clock of the pictures is that of the demo, which is never stale.
    os.environ["NEXTOFFER_NOW"] = f"{as_of + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}"
    with visit(arguments.home.absolute(), WIDTH) as seen:
        if arguments.all:
            shoot_all(seen, out, arguments.strategy)
        else:
            shoot_readme(seen, out)
        if seen.errors:
            raise SystemExit("\n".join(seen.errors))


def shoot_readme(seen: Visit, out: Path) -> None:
    """Save the pictures of the README."""
    for name, (path, height) in SHOTS.items():
        file = out / f"{name}.png"
        seen.open(path)
        seen.shoot(file, height)
        shrink(file)
        print(f"{file}: {file.stat().st_size / 1000:.0f} kB")
    for name, (whole, box) in PARTS.items():
        Image.open(out / f"{whole}.png").crop(box).save(out / f"{name}.png")


def shoot_all(seen: Visit, out: Path, strategy: str) -> None:
    """Save every page, and each section of Health, at all widths and in both themes."""
    paths = {name.lower().replace(" ", "_"): f"?strategy={strategy}" for name in PAGES}
    shots = [
        (name, f"{'' if name == 'overview' else name}{query}") for name, query in paths.items()
    ]
    shots += [
        (f"health_{name.split()[-1]}", f"health{paths['health']}&section={name}")
        for name in SECTIONS
    ]
    for theme in THEMES:
        seen.page.emulate_media(color_scheme=theme)
        for width in WIDTHS:
            seen.page.set_viewport_size({"width": width, "height": 900})
            for name, path in shots:
                seen.open(path)
                seen.shoot(out / f"{name}.{width}.{theme}.png")
            print(f"{len(shots)} pages of {width} pixels, {theme}")


def shrink(file: Path) -> None:
    """Rewrite a PNG with fewer colours until it is small enough."""
    image = Image.open(io.BytesIO(file.read_bytes())).convert("RGB")
    for colours in (256, 128, 64, 32):
        image.quantize(colours).save(file, optimize=True)
        if file.stat().st_size <= LARGEST:
            return
    raise SystemExit(f"{file} has more than {LARGEST} bytes")


if __name__ == "__main__":
    main()
