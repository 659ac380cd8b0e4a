"""Time each page of the app: the first draw and a second one.

    python -m benchmarks.app_pages --profiles 1000000 --offers 100 --displays 10000000
    python -m benchmarks.app_pages --home .demo

Without `--home`, a synthetic publication of that size is written to a temporary folder. Each page
is drawn in this process, without a browser.
`first` starts with empty caches, as after a publication, and has the limits.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st
from streamlit.testing.v1 import AppTest

from benchmarks.synthetic_publication import HOSTILE_OFFERS, World, write_publication

START = Path(__file__).parents[1] / "app" / "start" / "main.py"
PAGES = sorted(path.stem for path in (START.parents[1] / "pages").glob("[a-z]*.py"))


def time_page(app: AppTest, page: str) -> tuple[float, float, float, float]:
    """Return wall and CPU seconds of a page with empty caches, and of the same page again."""
    st.cache_data.clear()
    st.cache_resource.clear()
    app.switch_page(f"../pages/{page}.py")
    found = []
    for _ in range(2):
        wall, cpu = time.perf_counter(), time.process_time()
        app.run()
        found += [time.perf_counter() - wall, time.process_time() - cpu]
        if app.exception:
            raise SystemExit(f"{page}: {app.exception[0].value}")
    return found[0], found[1], found[2], found[3]


@contextmanager
def home_folder(arguments: argparse.Namespace) -> Iterator[Path]:
    """Yield the given home folder, or a temporary one with a synthetic publication."""
    if arguments.home:
        yield Path(arguments.home)
        return
    more = range(len(HOSTILE_OFFERS), arguments.offers)
    world = World(
        offers=(*HOSTILE_OFFERS, *(f"offer-{i}" for i in more)),
        features=tuple(f"f{i}" for i in range(arguments.features)),
        values=tuple(f"v{i}" for i in range(arguments.values)),
        profiles=arguments.profiles,
        displays=arguments.displays,
        rejected=arguments.rejected,
    )
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        file = write_publication(Path(folder), now, world)
        print(f"wrote {file.stat().st_size / 1e6:.0f} MB in {time.perf_counter() - started:.0f} s")
        yield Path(folder)


def main() -> None:
    """Print one line per page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home")
    parser.add_argument("--profiles", type=int, default=10_000)
    parser.add_argument("--offers", type=int, default=20)
    parser.add_argument("--displays", type=int, default=100_000)
    parser.add_argument("--features", type=int, default=12)
    parser.add_argument("--values", type=int, default=4)
    parser.add_argument("--rejected", type=int, default=1_000)
    arguments = parser.parse_args()
    with home_folder(arguments) as home:
        os.environ["NEXTOFFER_HOME"] = str(home)
        app = AppTest.from_file(str(START), default_timeout=300).run()
        for page in PAGES:  # once before timing, for the imports
            app.switch_page(f"../pages/{page}.py").run()
        print("page             first s  (CPU)   again s  (CPU)")
        for page in PAGES:
            first, first_cpu, again, again_cpu = time_page(app, page)
            print(f"{page:16} {first:7.2f} {first_cpu:7.2f} {again:9.2f} {again_cpu:7.2f}")


if __name__ == "__main__":
    main()
