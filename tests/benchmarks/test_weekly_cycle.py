"""The pandas cycle that the product is timed against reads the same events."""

from __future__ import annotations

import pandas as pd

from benchmarks.pandas_cycle import displays_of, read_events, run_pandas
from scorer.simulation import World


def test_every_display_is_read_once_whatever_its_spelling(tmp_path):
    """Duplicates, broken lines and three spellings leave exactly the displays of the world."""
    world = World(profiles=150, seed=3)
    report = world.live(1, tmp_path)
    displays = displays_of(read_events(tmp_path, world.start_of(3)))
    late = report.displays - len(displays)
    assert 0 <= late < 0.02 * report.displays
    assert not displays.duplicated(["proposition_id", "offer_id"]).any()


def test_everybody_gets_three_offers_in_every_placement(tmp_path):
    """The ranking holds ranks of distinct offers for each known person and placement."""
    world = World(profiles=300, seed=3)
    world.write_catalogue(tmp_path)
    for week in (1, 2):
        world.live(week, tmp_path)
    run_pandas(tmp_path, tmp_path, world.start_of(3))
    ranked = pd.read_parquet(tmp_path / "pandas_ranked.parquet")
    sizes = ranked.groupby(["profile_id", "placement_id"])["offer_id"].nunique()
    assert (sizes == 3).all()
    assert len(sizes) == 3 * len(world.profile_ids(2))
