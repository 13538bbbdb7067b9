"""What the target refuses, or fails to do: told at the line that wants it."""

from __future__ import annotations

import pytest

from tests.functional.commandline import DEPLOYMENT, Kusion

APP = """\
class Shop(AppConfiguration):
    workload = Service(
        containers={"web": Container(image="shop:1.4.2")},
        replicas=2,
    )
"""
INVALID = 'it is invalid: spec.template.spec.containers[0].image: Invalid value: "shop:1.4.2": not from our registry'


@pytest.mark.parametrize("command", [["preview"], ["preview", "-o", "json"], ["apply", "--yes"]])
@pytest.mark.parametrize(("what", "line"), [("exceeded quota: small", 7), (INVALID, 8)])
def test_a_refused_change_is_told_at_its_line_and_nothing_is_done(
    kusion: Kusion, command: list[str], what: str, line: int
) -> None:
    kusion.stack(APP)
    kusion.engine.refused[DEPLOYMENT] = what

    result = kusion(*command, "-w", "dev")

    assert result.code == 1 and result.out == ""
    assert result.err == f"error: dev/app.py:{line}: {DEPLOYMENT}: {what}\n"
    assert "apply" not in kusion.engine.calls


def test_what_fails_in_an_apply_is_told_at_its_line(kusion: Kusion) -> None:
    kusion.stack(APP)
    kusion.engine.failing.add(DEPLOYMENT)

    result = kusion("apply", "--yes", "-w", "dev")

    assert result.code == 1
    assert f"error: dev/app.py:7: {DEPLOYMENT}: made to fail\n" in result.err
