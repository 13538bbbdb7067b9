"""Waiting until what was applied has come up, as it is shown and recorded."""

from __future__ import annotations

import contextlib

import click
import pytest

from kusion_dsl.cli.render.progress import reporting
from kusion_dsl.cli.render.screen import Screen
from kusion_dsl.model.change import Progress
from kusion_dsl.model.health import Condition, Event, Health, PodState, Trouble
from kusion_dsl.model.masking import Mask
from tests.functional.commandline import DEPLOYMENT, NAMESPACE, SHOP, Kusion, Terminal, lines

FIVE = SHOP.replace("replicas=2", "replicas=5")
CRASH = Trouble("container web: CrashLoopBackOff: it ended with exit code 3", ("a", "b"), ("giving up",), lasting=True)
SOME = Health("progressing", "1 of 2 pods are ready")
STUCK = Health("degraded", "0 of 2 pods are ready", (CRASH,))
READY = Health("ready", "2 of 2 pods are ready")


@pytest.fixture
def written(kusion: Kusion) -> Kusion:
    kusion.stack()
    return kusion


def apply(kusion: Kusion, *looks: Health, arguments: tuple[str, ...] = (), code: int = 0) -> tuple[str, str]:
    kusion.engine.rollouts[DEPLOYMENT] = list(looks)
    result = kusion("apply", "-w", "dev", "--yes", *arguments)
    assert result.code == code, result
    return result.out, result.err


def test_what_comes_up_is_told_without_counting(written: Kusion) -> None:
    out, err = apply(written, Health("progressing", "0 of 2 pods are ready"), SOME, READY)
    assert out.endswith("Release 1 of shop/dev in workspace default succeeded.\n")
    assert err == lines(
        f"""
        created {NAMESPACE}
        created {DEPLOYMENT}
        waiting until what was applied has come up
        ready {DEPLOYMENT}: 2 of 2 pods are ready
        """
    )


def test_nothing_is_said_of_what_is_ready_at_once(written: Kusion) -> None:
    assert apply(written, READY)[1] == f"created {NAMESPACE}\ncreated {DEPLOYMENT}\n"


def test_a_reason_is_told_once_as_soon_as_it_is_known(written: Kusion) -> None:
    fewer = Health("degraded", "1 of 2 pods are ready", (Trouble(CRASH.what, ("a",), CRASH.log, lasting=True),))
    _, err = apply(written, SOME, STUCK, fewer, STUCK, READY)
    assert err.splitlines()[2:] == [
        "waiting until what was applied has come up",
        f"not ready {DEPLOYMENT}: 2 pods: container web: CrashLoopBackOff: it ended with exit code 3 (a, b)",
        "  | giving up",
        f"ready {DEPLOYMENT}: 2 of 2 pods are ready",
    ]


def test_what_does_not_come_up_fails_the_release_and_says_why_at_the_authors_line(written: Kusion) -> None:
    out, err = apply(written, STUCK, arguments=("--timeout", "5s"), code=1)
    release = written.done("release", "show", "-w", "dev", "-o", "json").document
    shown = written.done("release", "show", "-w", "dev").out

    assert "Release 1 of shop/dev in workspace default failed." in out
    what = "it has not come up within 5s: 0 of 2 pods are ready"
    reasons = ["2 pods: container web: CrashLoopBackOff: it ended with exit code 3 (a, b)", "  | giving up"]
    assert err.splitlines()[-4:] == [
        f"failed {DEPLOYMENT}: {what}",
        f"error: dev/app.py:7: {DEPLOYMENT}: {what}",
        *(f"  {each}" for each in reasons),
    ]
    results = {each["id"]: (each["status"], each.get("message", "")) for each in release["results"]}
    assert results == {NAMESPACE: ("done", ""), DEPLOYMENT: ("unready", "\n".join([what, *reasons]))}
    assert release["phase"] == "failed" and what in release["message"]
    assert f"not ready  {DEPLOYMENT} (create)" in shown
    assert "+2 1 not ready" in written.done("release", "list", "-w", "dev").out


def test_what_was_applied_and_is_not_ready_is_as_the_release_says(written: Kusion) -> None:
    apply(written, STUCK, arguments=("--timeout", "5s"), code=1)
    [listed] = [
        each
        for each in written.done("resource", "list", "-w", "dev", "-o", "json").document["resources"]
        if each["id"] == DEPLOYMENT
    ]
    written.stack(FIVE)

    changes = written.done("preview", "-w", "dev", "-o", "json").document["changes"]

    assert (listed["status"], listed["since"], listed["changed"]) == ("unready", 1, 1)
    [change] = [each for each in changes if each["id"] == DEPLOYMENT]
    assert {field["cause"] for field in change["fields"]} == {"yours"}, "nobody else has changed it"


def test_the_next_apply_waits_again_though_nothing_changes(written: Kusion) -> None:
    apply(written, STUCK, arguments=("--timeout", "5s"), code=1)
    out, err = apply(written, SOME, READY)
    assert out.endswith("Release 2 of shop/dev in workspace default succeeded.\n")
    assert err.endswith(f"ready {DEPLOYMENT}: 2 of 2 pods are ready\n")


def test_without_waiting_the_release_says_so(written: Kusion) -> None:
    out, err = apply(written, STUCK, arguments=("--no-wait",))
    note = "nobody waited until 1 object had come up; see `kusion resource list --live`"
    assert "succeeded" in out and err.endswith(f"{note}\n")
    assert written.done("release", "show", "-w", "dev", "-o", "json").document["message"] == note


def test_a_rollback_waits_too(written: Kusion) -> None:
    apply(written, READY)
    written.stack(FIVE)
    apply(written, READY)
    written.engine.rollouts[DEPLOYMENT] = [STUCK]
    failed = written("rollback", "-w", "dev", "--yes", "--timeout", "5s")
    assert failed.code == 1 and "it has not come up within 5s" in failed.err


@pytest.mark.parametrize("text", ["5", "0s", "soon"])
def test_a_timeout_that_is_none_is_refused(written: Kusion, text: str) -> None:
    result = written("apply", "-w", "dev", "--yes", "--timeout", text)
    assert (result.code, written.engine.calls) == (2, [])
    assert f"'{text}' is no duration" in result.err


def test_the_state_of_resources_is_listed(written: Kusion) -> None:
    apply(written, READY)
    written.engine.rollouts[DEPLOYMENT] = [STUCK]
    rows = written.done("resource", "list", "-w", "dev", "--live").out.splitlines()
    assert rows[0].split() == ["ID", "SINCE", "CHANGED", "LAST", "RUN", "NOW"]
    assert rows[1].split() == [NAMESPACE, "1", "1", "done"], "it has nothing to tell"
    assert rows[2].endswith("degraded: 0 of 2 pods are ready; 2 pods: " + CRASH.what + " (a, b)")
    assert "NOW" not in written.done("resource", "list", "-w", "dev").out


def test_the_state_of_a_resource_is_shown(written: Kusion) -> None:
    apply(written, READY)
    written.engine.rollouts[DEPLOYMENT] = [
        Health(
            "degraded",
            "0 of 2 pods are ready",
            (CRASH,),
            (PodState("a", "Running", ready=False, restarts=4, node="n1"), PodState("b", "Pending", True, 0, "")),
            (Condition("Available", "False", "MinimumReplicasUnavailable", "no minimum", "2025-01-01T00:00:00Z"),),
            (Event("2025-01-01T00:00:00Z", "Warning", "BackOff", "Pod/a", "back-off", 7),),
        )
    ]
    shown = written.done("resource", "show", DEPLOYMENT, "-w", "dev", "--live").out
    assert (
        lines(
            """
            now       degraded: 0 of 2 pods are ready
                      2 pods: container web: CrashLoopBackOff: it ended with exit code 3 (a, b)
                        | giving up
            pods
              a  Running, not ready, 4 restarts, on n1
              b  Pending, ready
            conditions
              Available=False MinimumReplicasUnavailable: no minimum
            events
              2025-01-01T00:00:00Z  BackOff Pod/a: back-off (7 times)
            attributes
            """
        )
        in shown
    )


def test_at_a_terminal_the_last_lines_say_how_far_everything_is() -> None:
    terminal = Terminal()
    with contextlib.redirect_stderr(terminal), reporting(Screen(Mask(["hunter2hunter2"]), {}), 7) as report:
        for number in range(7):
            report(Progress(f"id-{number}", "create", "done"))
        for number in range(7):
            report(
                Progress(f"id-{number}", "create", "waiting", "hunter2hunter2 is not ready", STUCK.troubles[:number])
            )
    shown = click.unstyle(terminal.getvalue())
    assert "waiting until everything has come up" in shown
    assert "  id-4: [secret] is not ready" in shown and "  id-5: " not in shown
    assert "  and 2 more" in shown
    assert "not ready id-1: 2 pods: container web: CrashLoopBackOff" in shown, "reasons stay above"
    assert "not ready id-0" not in shown


def test_at_a_terminal_no_line_is_longer_than_it() -> None:
    terminal = Terminal()
    with contextlib.redirect_stderr(terminal), reporting(Screen(Mask(), {}), 1) as report:
        report(Progress("id" * 200, "create", "waiting", "it is not ready"))
    assert "idid…" in terminal.getvalue() and "it is not ready" not in terminal.getvalue()
