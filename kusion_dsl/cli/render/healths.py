"""How live objects are doing, for people and for programs."""

from __future__ import annotations

from typing import Any

import click

from kusion_dsl.cli.render.screen import Screen
from kusion_dsl.model.health import Event, Health, PodState, Trouble

_COLORS = {"ready": "green", "progressing": "yellow", "unknown": "yellow"}


def health_text(health: Health | None) -> str:
    """How an object is doing, in a line: how far it is, and the first reason why it does not get further."""
    if health is None:
        return ""
    status = click.style(health.status, fg=_COLORS.get(health.status, "red"))
    why = [trouble.line for trouble in health.troubles[:1]]
    return f"{status}: {'; '.join([health.text, *why])}" if health.text else status


def health_document(health: Health | None, *, everything: bool = False) -> dict[str, Any] | None:
    """How an object is doing, for programs; with ``everything`` also its pods, conditions and events."""
    if health is None:
        return None
    document: dict[str, Any] = {
        "status": health.status,
        "text": health.text,
        "troubles": [_trouble_document(each) for each in health.troubles],
    }
    if everything:
        for name in ("pods", "conditions", "events"):
            document[name] = [each._asdict() for each in getattr(health, name)]
    return document


def _trouble_document(trouble: Trouble) -> dict[str, Any]:
    return {
        "what": trouble.what,
        "pods": list(trouble.pods),
        "log": list(trouble.log),
        "lasting": trouble.lasting,
    }


def show_health(screen: Screen, health: Health) -> None:
    """Print how an object is doing, and all that it says."""
    status = click.style(health.status, fg=_COLORS.get(health.status, "red"), bold=True)
    screen.out(f"{click.style('now', bold=True)}       {status}{f': {health.text}' if health.text else ''}")
    for line in health.lines:
        screen.out(f"          {line}")
    conditions = [
        f"{each.type}={each.status}{f' {each.reason}' if each.reason else ''}: {each.message}".rstrip(": ")
        for each in health.conditions
    ]
    for name, lines in (
        ("pods", [_pod_text(each) for each in health.pods]),
        ("conditions", conditions),
        ("events", [_event_text(each) for each in health.events]),
    ):
        if lines:
            screen.out(click.style(name, bold=True))
            for line in lines:
                screen.out(f"  {line}")


def _pod_text(pod: PodState) -> str:
    ready = click.style("ready", fg="green") if pod.ready else click.style("not ready", fg="yellow")
    restarts = f", {pod.restarts} restart{'' if pod.restarts == 1 else 's'}" if pod.restarts else ""
    return f"{pod.name}  {pod.phase}, {ready}{restarts}{f', on {pod.node}' if pod.node else ''}"


def _event_text(event: Event) -> str:
    reason = click.style(event.reason, fg="yellow") if event.type == "Warning" else event.reason
    times = f" ({event.times} times)" if event.times > 1 else ""
    return f"{event.at}  {reason} {event.about}: {event.message}{times}"
