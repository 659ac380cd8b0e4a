"""Decisions in process equal the batch for known people, and use the values of requests."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scorer.config import Settings
from scorer.errors import ConfigurationError, InputError
from scorer.online import Decider, Decision, Request
from scorer.online.bundle import bundle_path, read_bundle, write_bundle
from scorer.online.live_counts import Counted, Journal
from scorer.progress import Silent
from scorer.ranking.request_files import rank_file
from scorer.warehouse.database import connect_build
from tests.support.benches import KINDS
from tests.support.online_homes import (
    COLLECTING,
    CONTROLLED,
    decider,
    online_home,
    publish_bundle,
)

_RANKED = """
select profile_id, rank, offer_id, offer_name, policy, arm, traffic_type, is_exploration,
    propensity, eligible_count, model_version, score
from scorer.ranked_offers order by profile_id, rank
"""


@pytest.fixture(scope="module", params=[*KINDS, COLLECTING, CONTROLLED, None], ids=str)
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home that serves each kind of model, and the one that it trained itself."""
    return online_home(tmp_path_factory.mktemp("online") / "home", request.param)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home that serves an interaction base to everybody."""
    path = tmp_path_factory.mktemp("trained") / "home"
    return online_home(path, "interaction_base", share=0.0)


def offers(decision: Decision, place: int = 0) -> list[str]:
    """Offers of a proposition in their order."""
    return [item.offer_id for item in decision.propositions[place].items]


def ranked(settings: Settings) -> Iterator[dict[str, Any]]:
    """The rows that the batch wrote."""
    with connect_build(settings.build_path, read_only=True) as connection:
        yield from connection.sql(_RANKED).to_arrow_table().to_pylist()


def test_known_people_get_what_the_batch_ranked(home: Settings) -> None:
    """For everybody and every kind of model: equal offers, arms, propensities; scores to 1e-12."""
    found = []
    deciding = decider(home)
    for i in range(40):
        decision = deciding.decide(Request(f"p{i}"))
        (shown,) = decision.propositions
        found += [
            {
                "profile_id": f"p{i}",
                "rank": item.rank,
                "offer_id": item.offer_id,
                "offer_name": item.offer_name,
                "policy": shown.policy,
                "arm": shown.arm,
                "traffic_type": shown.traffic_type,
                "is_exploration": shown.is_exploration,
                "propensity": item.propensity,
                "eligible_count": shown.eligible_count,
                "model_version": decision.model_version,
                "score": item.score,
            }
            for item in shown.items
        ]
    expected = list(ranked(home))
    found.sort(key=lambda row: (row["profile_id"], row["rank"]))
    assert [row.pop("score") for row in found] == pytest.approx(
        [row.pop("score") for row in expected], abs=1e-12
    )
    assert found == expected


def test_context_of_the_request_goes_before_that_of_the_publication(trained: Settings) -> None:
    """Given values are used, others come from the publication; the answer states which."""
    deciding = decider(trained)
    usual = deciding.decide(Request("p1"))
    same = deciding.decide(Request("p1", context={"f2": 0, "nonsense": "x"}, segments=["f1"]))
    other = deciding.decide(Request("p1", context={"f2": 1}))
    as_p3 = deciding.decide(Request("p3"))
    assert [i.score for i in usual.propositions[0].items] == [
        i.score for i in same.propositions[0].items
    ]
    assert [i.score for i in other.propositions[0].items] == [
        i.score for i in as_p3.propositions[0].items
    ]
    assert (usual.profile, usual.segments_from) == ("known", "publication")
    assert (usual.context_from_request, usual.context_from_publication) == ([], ["f2"])
    assert (same.segments_from, same.context_from_request) == ("request", ["f2"])
    assert same.context_not_used == ["nonsense"]


def test_a_stranger_is_ranked_by_what_is_given(trained: Settings) -> None:
    """An unknown person gets the offers of a known person with the same values."""
    deciding = decider(trained)
    stranger = deciding.decide(Request("new", segments=["f1"], context={"f2": "0"}))
    known = deciding.decide(Request("p1"))
    assert offers(stranger) == offers(known)
    assert (stranger.profile, stranger.context_from_publication) == ("unknown", [])
    assert deciding.decide(Request("new")).segments_from == "none"


def test_rules_apply_to_the_segments_that_are_given(trained: Settings) -> None:
    """A segment of an eligibility rule allows or withholds offers immediately, for known and
    unknown people."""
    deciding = decider(trained)
    everything = deciding.decide(Request("p1", segments=["gold"], placements=["web"]))
    assert everything.propositions[0].eligible_count == 5
    assert offers(deciding.decide(Request("p1", segments=["nobody"]))) == ["offer_6"]
    assert offers(deciding.decide(Request("p8", segments=[]))) != ["offer_6"]


def test_requests_of_a_file_get_the_same_answers(trained: Settings, tmp_path: Path) -> None:
    """`rank --requests` and online decisions agree, for known people without their segments too."""
    rows = [
        ("p1", "", "", {}),
        ("p3", "", "", {}),
        ("p8", "", "", {}),
        ("p9", "", "", {}),
        ("new", "", "", {}),
        ("p1", "1", "", {"context": {"f2": "1"}}),
        ("new", "0", "", {"context": {"f2": "0"}}),
    ]
    file, out = tmp_path / "requests.csv", tmp_path / "out.csv"
    lines = [f"r{i},{who},web,{f2}" for i, (who, f2, _, _) in enumerate(rows)]
    file.write_text("\n".join(["request_id,profile_id,placement_id,ctx_f2", *lines]) + "\n")
    rank_file(trained, (file, out), True, Silent())
    of_file: dict[str, list[str]] = {}
    for line in out.read_text().splitlines()[1:]:
        request_id, _, offer, *_ = line.split(",")
        of_file.setdefault(request_id, []).append(offer)
    deciding = decider(trained)
    online = {
        f"r{i}": offers(deciding.decide(Request(who, **given)))
        for i, (who, _, _, given) in enumerate(rows)
    }
    assert of_file == online


def test_requests_without_segments_get_what_the_batch_ranked(
    trained: Settings, tmp_path: Path
) -> None:
    """`rank --requests` uses segments and context of the publication for everybody it knows."""
    file, out = tmp_path / "requests.csv", tmp_path / "out.csv"
    known = [f"p{i}" for i in range(40)]
    lines = ["request_id,profile_id,placement_id", *(f"{who},{who},web" for who in known)]
    file.write_text("\n".join(lines) + "\n")
    rank_file(trained, (file, out), True, Silent())
    with out.open() as written:
        found = [row for row in csv.DictReader(written) if row["offer_id"]]
    expected = list(ranked(trained))
    assert len(found) == len(expected)
    by_key = {(row["request_id"], int(row["rank"])): row for row in found}
    for row in expected:
        answer = by_key[row["profile_id"], row["rank"]]
        assert answer["offer_id"] == row["offer_id"]
        assert float(answer["propensity"]) == row["propensity"]
        score = float(answer["score"]) if answer["score"] else None
        assert score == pytest.approx(row["score"], abs=1e-12)
    assert len({row["score"] for row in found}) > 2


@pytest.mark.parametrize(("gold", "expected"), [("true", 5), ("false", 4)])
def test_a_segment_in_a_file_counts_for_rules(
    trained: Settings, tmp_path: Path, gold: str, expected: int
) -> None:
    """The propensity shows how many offers are eligible for the given segments."""
    file, out = tmp_path / "requests.csv", tmp_path / "out.csv"
    file.write_text(f"request_id,profile_id,placement_id,seg_gold\nr,p1,web,{gold}\n")
    rank_file(trained, (file, out), True, Silent())
    segments = ["f1", "gold"] if gold == "true" else ["f1"]
    (shown,) = decider(trained).decide(Request("p1", segments=segments)).propositions
    assert shown.eligible_count == expected
    assert len(out.read_text().splitlines()) == 3


def test_a_cap_of_three_withholds_the_offer_at_the_fourth_decision(trained: Settings) -> None:
    """Displays since the publication count immediately, once each, and only for the person."""
    journal = Journal.of_home(trained.home)
    deciding, at = decider(trained), trained.as_of + timedelta(hours=1)
    listed = Request("p20", segments=["f1"])
    for n in range(3):
        assert deciding.decide(listed).propositions[0].eligible_count == 4
        event = Counted(f"e{n}", at, "p20", "impression", "offer_4", "web")
        journal.append([event, event])
    assert deciding.decide(listed).propositions[0].eligible_count == 3
    assert deciding.decide(Request("p21")).propositions[0].eligible_count == 4
    assert Decider.open(trained.home).decide(listed, at).propositions[0].eligible_count == 3


def test_events_before_the_publication_do_not_count_again(trained: Settings) -> None:
    """The counts of the publication contain them."""
    event = Counted("early", trained.as_of, "p22", "impression", "offer_4", "web")
    Journal.of_home(trained.home).append([event] * 3)
    deciding = decider(trained)
    assert deciding.decide(Request("p22")).propositions[0].eligible_count == 4


def test_k_and_placements_shape_the_answer(trained: Settings) -> None:
    """One proposition per placement, at most k offers each, with different ids."""
    decision = decider(trained).decide(Request("p1", placements=["web", "web"], k=1))
    assert [len(p.items) for p in decision.propositions] == [1, 1]
    assert len({p.proposition_id for p in decision.propositions}) == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"strategy_id": "nope"}, "there are: s"),
        ({"offer_ids": ["offer_1", "nope"]}, "unknown offer: nope"),
    ],
)
def test_wrong_requests_are_explained(
    trained: Settings, given: dict[str, Any], message: str
) -> None:
    """The error states what is wrong and lists the known values."""
    with pytest.raises(ConfigurationError, match=message):
        decider(trained).decide(Request("p1", **given))


def test_listed_offers_limit_the_ranking(trained: Settings) -> None:
    """Only the listed offers are ranked, as in files of requests."""
    assert offers(decider(trained).decide(Request("p1", offer_ids=["offer_3"]))) == ["offer_3"]


def test_listed_offers_are_ranked_even_if_withheld(trained: Settings, tmp_path: Path) -> None:
    """Ended, restricted, unready and fallback offers get the ranks and propensities of a file."""
    lists = [["offer_5", "offer_1"], ["offer_7", "offer_5", "offer_3"], ["offer_6"]]
    file, out = tmp_path / "requests.csv", tmp_path / "out.csv"
    lines = [f"r{i},p1,web,{'|'.join(listed)}" for i, listed in enumerate(lists)]
    file.write_text("\n".join(["request_id,profile_id,placement_id,offer_ids", *lines]) + "\n")
    rank_file(trained, (file, out), True, Silent())
    with out.open() as written:
        rows = [(r["request_id"], r["offer_id"], r["propensity"]) for r in csv.DictReader(written)]
    deciding = decider(trained)
    shown = [deciding.decide(Request("p1", offer_ids=listed)).propositions[0] for listed in lists]
    found = [
        (f"r{i}", item.offer_id, str(item.propensity))
        for i, proposition in enumerate(shown)
        for item in proposition.items
    ]
    assert found == rows
    assert len(found) == 5


def test_blank_context_is_not_given_and_a_blank_person_is_refused(trained: Settings) -> None:
    """As in files of requests: the publication fills in what is blank."""
    deciding = decider(trained)
    blank = deciding.decide(Request("p3", context={"f2": " "}))
    assert offers(blank) == offers(deciding.decide(Request("p3")))
    assert blank.context_from_request == []
    with pytest.raises(ConfigurationError, match="profile_id is empty"):
        deciding.decide(Request(" "))


def test_without_a_publication_or_bundle_the_error_says_what_to_run(tmp_path: Path) -> None:
    """Nothing published, and a publication without a bundle, have different errors."""
    with pytest.raises(InputError, match="nextoffer run"):
        Decider.open(tmp_path)
    (tmp_path / "published.duckdb").touch()
    with pytest.raises(InputError, match="nextoffer publish"):
        Decider.open(tmp_path)


@pytest.mark.parametrize("damage", ["{", '{"format": 99}', '{"format": 1, "strategies": [1]}'])
def test_a_damaged_bundle_is_refused(tmp_path: Path, damage: str) -> None:
    """A wrong manifest is an input error that names the folder."""
    (tmp_path / "bundle.json").write_text(damage)
    with pytest.raises(InputError, match=tmp_path.name):
        read_bundle(tmp_path)


def test_a_cut_array_is_refused(tmp_path: Path) -> None:
    """A truncated file of profiles is an input error."""
    settings = online_home(tmp_path / "home", "best_single")
    users = bundle_path(settings.published_path) / "strategy=s" / "users.npy"
    users.write_bytes(users.read_bytes()[:200])
    with pytest.raises(InputError, match=r"users\.npy cannot be read"):
        decider(settings)
    folder = publish_bundle(settings)
    assert folder == write_bundle(settings)
    assert offers(decider(settings).decide(Request("p1")))
