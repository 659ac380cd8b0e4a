"""Make the screenshots of the README: python -m tests.support.screenshots --home .demo."""

from __future__ import annotations

import argparse
import io
import os
from datetime import timedelta
from pathlib import Path

import duckdb
from PIL import Image

from tests.support.browsing import visit

SHOTS = {
    "overview": ("", 1000),
    "performance": ("performance?strategy=web_clicks", 1150),
    "interactions": ("interactions?strategy=web_clicks", 1000),
}
# Parts of screenshots: name -> the whole, and left, top, right and bottom in pixels.
PARTS = {"lift": ("performance", (340, 325, 1225, 1105))}
WIDTH, LARGEST = 1280, 150_000


def main() -> None:
    """Save one PNG a page, each below 150 kB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".demo"))
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = (arguments.home / "published.duckdb").resolve()
    with duckdb.connect(str(file), read_only=True) as connection:
        (as_of,) = connection.execute("select as_of from publication").fetchone() or (None,)
    # The clock of the pictures is that of the demo, which is never stale.
    os.environ["NEXTOFFER_NOW"] = f"{as_of + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}"
    with visit(arguments.home.absolute(), WIDTH) as seen:
        for name, (path, height) in SHOTS.items():
            file = arguments.out / f"{name}.png"
            seen.open(path)
            seen.shoot(file, height)
            shrink(file)
            print(f"{file}: {file.stat().st_size / 1000:.0f} kB")
        for name, (whole, box) in PARTS.items():
            Image.open(arguments.out / f"{whole}.png").crop(box).save(arguments.out / f"{name}.png")
        if seen.errors:
            raise SystemExit("\n".join(seen.errors))


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
