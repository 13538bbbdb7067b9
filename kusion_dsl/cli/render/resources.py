"""Resources, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from kusion_dsl.cli.render.change_documents import origin_document
from kusion_dsl.cli.render.fields import origin_text
from kusion_dsl.cli.render.healths import health_document, health_text, show_health
from kusion_dsl.cli.render.screen import VERSION, Screen
from kusion_dsl.model.change import MISSING
from kusion_dsl.model.masking import MASKED

if TYPE_CHECKING:
    from kusion_dsl.model.health import Health
    from kusion_dsl.model.spec import SpecResource
    from kusion_dsl.operations.resources import ListedResource, ShownResource, StackResources

_COLORS = {"done": "green", "failed": "red", "unready": "red", "unknown": "yellow"}


def show_resources(screen: Screen, listed: StackResources, format: str) -> None:
    """Print the resources of a stack."""
    resources = listed.resources.values()
    if format != "table":
        documents = [{**_listed_document(each), **_state_document(listed, each)} for each in resources]
        screen.document({**_head(listed), "resources": documents}, format)
    elif not resources:
        screen.out(f"{listed.ref} has no resources, as release {listed.base.release.revision} left it.")
    else:
        health = listed.health
        columns = ["ID", "SINCE", "CHANGED", "LAST RUN", *(["NOW"] if health is not None else [])]
        screen.table(columns, [_row(each, health) for each in resources])


def _state_document(listed: StackResources, each: ListedResource) -> dict[str, Any]:
    return {} if listed.health is None else {"state": health_document(listed.health.get(each.resource.id))}


def _head(listed: StackResources | ShownResource) -> dict[str, Any]:
    return {
        "version": VERSION,
        "project": listed.ref.project,
        "stack": listed.ref.stack,
        "workspace": listed.ref.workspace,
        "release": listed.base.release.revision,
        "phase": listed.base.phase,
    }


def _row(listed: ListedResource, health: Mapping[str, Health] | None) -> list[str]:
    since, changed = (str(each) if each else "?" for each in (listed.since, listed.changed))
    status = _status(listed).partition("\n")[0]  # the reasons are for `resource show`
    now = [] if health is None else [health_text(health.get(listed.resource.id))]
    return [listed.resource.id, since, changed, status, *now]


def _status(listed: ListedResource) -> str:
    status = click.style(listed.status, fg=_COLORS.get(listed.status))
    return f"{status}: {listed.message}" if listed.message else status


def _listed_document(listed: ListedResource) -> dict[str, Any]:
    return {
        "id": listed.resource.id,
        "type": listed.resource.type,
        "since": listed.since or None,
        "changed": listed.changed or None,
        "status": listed.status,
        "message": listed.message,
        "options": dict(listed.resource.options),
        "health": dict(listed.resource.health),
    }


def show_resource(screen: Screen, shown: ShownResource, format: str) -> None:
    """Print everything that is known about a resource; for people its attributes are YAML."""
    document = {**_head(shown), "resource": _resource_document(shown)}
    if format != "table":
        screen.document(document, format)
        return
    listed = shown.listed
    pairs = [
        ("id", listed.resource.id),
        ("type", listed.resource.type),
        ("since", f"release {listed.since}" if listed.since else ""),
        ("changed", f"release {listed.changed}" if listed.changed else ""),
        ("last run", f"release {shown.base.release.revision}: {_status(listed)}"),
        ("from", origin_text(shown.origins)),
        ("options", ", ".join(f"{name}={value}" for name, value in listed.resource.options.items())),
        ("health", ", ".join(f"{name}: {value}" for name, value in listed.resource.health.items())),
        *(("needs", id) for id in shown.needs),
        *(("needed by", id) for id in shown.needed_by),
    ]
    for name, value in pairs:
        if value:
            screen.out(f"{click.style(f'{name:<9}', bold=True)} {value}")
    if shown.health is not None:
        show_health(screen, shown.health)
    _show_values(screen, "attributes", _visible(listed.resource, listed.resource.attributes))
    _show_values(screen, "outputs", shown.outputs)
    if shown.live is None:
        screen.out(f"{click.style('live', bold=True)}      {click.style('gone', fg='red', bold=True)}")
    elif shown.live is not MISSING:
        _show_values(screen, "live", _visible(listed.resource, shown.live))


def _show_values(screen: Screen, name: str, values: Mapping[str, Any]) -> None:
    from kusion_dsl.documents import dump_yaml

    if values:
        screen.out(click.style(name, bold=True))
        for line in dump_yaml(dict(values)).splitlines():
            screen.out(f"  {line}")


def _resource_document(shown: ShownResource) -> dict[str, Any]:
    resource = shown.listed.resource
    document = {
        **_listed_document(shown.listed),
        "attributes": _visible(resource, resource.attributes),
        "outputs": dict(shown.outputs),
        "needs": list(shown.needs),
        "neededBy": list(shown.needed_by),
        "origins": [origin_document(each) for each in shown.origins],
    }
    if shown.live is MISSING:
        return document
    live = None if shown.live is None else _visible(resource, shown.live)
    return {**document, "live": live, "state": health_document(shown.health, everything=True)}


def _visible(resource: SpecResource, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The attributes of a resource, as applied or live; the data of a Secret is hidden."""
    if not resource.is_kubernetes_secret:
        return attributes
    secret = {part: attributes[part] for part in ("data", "stringData") if isinstance(attributes.get(part), Mapping)}
    return {**attributes, **{part: dict.fromkeys(values, MASKED) for part, values in secret.items()}}
