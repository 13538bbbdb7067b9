"""Our replay beside Pulumi's own, at every instant at which a run can end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings

from kusion_dsl.engine.journal.deployment import features
from kusion_dsl.engine.journal.entry import Entry, Kind, parse_entries
from kusion_dsl.engine.journal.replay import replay
from kusion_dsl.errors import DamagedError
from tests.integration.oracle.replayer import Replayer
from tests.integration.oracle.stories import STORIES
from tests.unit.engine.journal.journals import Journal, body, comparable, journals, recorded

pytestmark = pytest.mark.timeout(30 * 60)  # where nothing of it is in Go's cache, the replayer is built first


def check(base: Mapping[str, Any], entries: Iterable[Entry], theirs: Mapping[str, Any]) -> None:
    """Both make the same of it, or both refuse it."""
    if "error" in theirs:
        with pytest.raises(DamagedError, match="have the same alias"):
            replay(base, entries)
        return
    ours = replay(base, entries)
    assert comparable(ours) == comparable(theirs["deployment"])
    superfluous = set(theirs.get("features", [])) - set(features(ours))
    assert superfluous <= {"replaceWith"}, "Pulumi looks for features before it forgets what a refresh found gone"
    assert set(features(ours)) <= set(theirs.get("features", []))


@pytest.mark.parametrize("story", STORIES)
def test_real_journals_at_every_crash_point(story: str, replayer: Replayer) -> None:
    """A run that is killed leaves what has arrived, which may be without an entry that has an earlier number."""
    for journal in recorded(story):
        arrived = journal["entries"]
        entries = parse_entries(body(*arrived))
        in_order = sorted(arrived, key=lambda each: int(each["sequenceID"]))
        theirs = replayer.prefixes(journal["base"], in_order)
        for length in range(len(arrived) + 1):
            prefix = sorted(arrived[:length], key=lambda each: int(each["sequenceID"]))
            whole = prefix == in_order[:length]
            check(
                journal["base"],
                entries[:length],
                theirs[length] if whole else replayer.prefixes(journal["base"], prefix)[-1],
            )


def test_what_was_recorded_has_every_kind_of_entry() -> None:
    kinds = Counter(each["kind"] for story in STORIES for journal in recorded(story) for each in journal["entries"])
    assert sorted(kinds) == list(Kind)


def test_entries_of_real_runs_do_not_arrive_in_order() -> None:
    """Why a gap before the last entry is no damage."""
    journals_of_all = (journal for story in STORIES for journal in recorded(story))
    arrivals = [[each["sequenceID"] for each in journal["entries"]] for journal in journals_of_all]
    assert any(numbers != sorted(numbers) for numbers in arrivals)


@given(journal=journals())
@settings(max_examples=400, deadline=None)
def test_any_journals_at_every_crash_point(replayer: Replayer, journal: Journal) -> None:
    theirs = replayer.prefixes(journal.base, journal.entries)
    for length in range(len(journal.entries) + 1):
        check(journal.base, journal.parsed[:length], theirs[length])
