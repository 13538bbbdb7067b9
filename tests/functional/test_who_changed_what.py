"""Whoever changes whatever: each change is told as whose it is, with the line that caused it, and nothing else is told."""

from __future__ import annotations

import copy

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.functional.commandline import DEPLOYMENT, Kusion
from tests.functional.knobs import BASES, KNOBS, Turned, check, texts, turn


def write(kusion: Kusion, turned: Turned) -> None:
    app, workspace = texts(turned)
    kusion.stack(app)
    kusion.write({"default.yaml": workspace})
    kusion.done("workspace", "update", "default", "-f", "default.yaml")


@pytest.mark.parametrize("base", BASES)
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_every_change_is_told_as_whose_it_is(kusion: Kusion, base: Turned, data: st.DataObject) -> None:
    if not kusion.engine.state:
        write(kusion, base)
        kusion.done("apply", "-w", "dev", "--yes")
    ours = {name: data.draw(st.just(base[name]) | st.sampled_from(knob.choices())) for name, knob in KNOBS.items()}
    theirs = {name: data.draw(st.just(base[name]) | st.sampled_from(knob.choices())) for name, knob in KNOBS.items()}
    write(kusion, ours)
    applied = copy.deepcopy(kusion.live)
    try:
        turn(dict(kusion.live[DEPLOYMENT]), base, theirs)
        changes = kusion.done("preview", "-w", "dev", "-o", "json").document["changes"]
    finally:
        kusion.live.clear()
        kusion.live.update(applied)
    fields = {field["path"]: field for change in changes for field in change["fields"]}
    for field in fields.values():
        event(field["cause"])
    check(kusion.root, fields, base, ours, theirs)
