"""An application that is made by turning knobs, which others turn on the live object: who changed what is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kusion_dsl.model.difference import labels
from tests.functional.commandline import IMPORTS

POD = "spec.template.spec.containers[web]"


@dataclass(frozen=True)
class Knob:
    """Something that an author or a platform engineer turns, and anybody can turn on the live object too.

    ``label`` is the field of the Deployment, ``line`` what the file says for a value, ``values`` those it can have;
    What has an ``item`` can be absent: that is the label of what comes and goes. ``copied`` is the label of a field that
    a module gives the same value, and that nobody turns by hand.
    """

    label: str
    file: str
    line: str
    values: tuple[Any, ...]
    item: str = ""
    copied: str = ""

    def choices(self) -> tuple[Any, ...]:
        return (*self.values, None) if self.item else self.values

    def text(self, value: Any) -> str:
        return "" if value is None else self.line.format(value) + "\n"

    def told(self, value: Any) -> Any:
        """The value as a preview has it, where it stands alone."""
        return value if self.label != f"{POD}.image" else f"shop:{value}"

    def whole(self, value: Any) -> Any:
        """The value where it comes or goes as a whole."""
        name = self.item.rpartition("[")[2].rstrip("]")
        return {"name": name, "value": value} if self.item.startswith(f"{POD}.env") else value


def variable(name: str) -> Knob:
    item = f"{POD}.env[{name}]"
    return Knob(f"{item}.value", "app", f"                    '{name}': '{{}}',", ("1", "2", "3"), item)


def label(name: str) -> Knob:
    field = f"metadata.labels.{name}"
    return Knob(
        field, "workspace", f"          {name}: {{}}", ("gold", "silver", "tin"), field, f"spec.template.{field}"
    )


KNOBS = {
    "image": Knob(f"{POD}.image", "app", "                image='shop:{}',", ("1", "2", "3")),
    "args": Knob(f"{POD}.args[1]", "app", "                args=['serve', '{}'],", ("-v", "-q", "--fast")),
    "directory": Knob(
        f"{POD}.workingDir", "app", "                working_dir='{}',", ("/a", "/b", "/c"), f"{POD}.workingDir"
    ),
    "A": variable("A"),
    "B": variable("B"),
    "C": variable("C"),
    "replicas": Knob("spec.replicas", "app", "        replicas={},", (1, 2, 3)),
    "tier": label("tier"),
    "team": label("team"),
}
Turned = Mapping[str, Any]
BASES: tuple[Turned, ...] = (
    dict(image="1", args="-v", directory=None, A="1", B="1", C=None, replicas=1, tier="gold", team=None),
    dict(image="2", args="-q", directory="/b", A=None, B="3", C="1", replicas=3, tier=None, team="tin"),
)


def texts(turned: Turned) -> tuple[str, str]:
    """``app.py`` and the workspace."""
    line = {name: knob.text(turned[name]) for name, knob in KNOBS.items()}
    app = (
        "class Shop(AppConfiguration):\n"
        "    workload = Service(\n"
        "        containers={\n"
        "            'web': Container(\n"
        f"{line['image']}{line['args']}{line['directory']}"
        "                env={\n"
        f"{line['A']}{line['B']}{line['C']}"
        "                    'LAST': 'x',\n"
        "                },\n"
        "            ),\n"
        "        },\n"
        f"{line['replicas']}"
        "    )\n"
    )
    workspace = (
        "modules:\n  service:\n    configs:\n      default:\n        labels:\n          of: all\n"
        f"{line['tier']}{line['team']}"
    )
    return app, workspace


def turn(live: dict[str, Any], before: Turned, after: Turned) -> None:
    """Play somebody who turns the same knobs by hand, on the Deployment."""
    for name, knob in KNOBS.items():
        if before[name] == after[name]:
            continue
        paths = dict(labels(live))
        where = knob.item if None in (before[name], after[name]) and knob.item else knob.label
        value = knob.whole(after[name]) if where == knob.item else knob.told(after[name])
        if after[name] is None:
            *parent, last = paths[where]
            del at(live, parent)[last]
        elif where in paths:
            *parent, last = paths[where]
            at(live, parent)[last] = value
        elif where.endswith("]"):
            at(live, list(paths[where.rpartition("[")[0]])).append(value)
        else:
            parent_label, _, last = where.rpartition(".")
            at(live, list(paths[parent_label]))[last] = value


def at(value: Any, path: list[Any]) -> Any:
    for step in path:
        value = value[step]
    return value


def expected(before: Turned, after: Turned, live: Turned) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """For each field that is to be told: its label, and cause, before, after and live."""
    for name, knob in KNOBS.items():
        old, new, seen = before[name], after[name], live[name]
        if knob.copied and old != new:
            yield knob.copied, ("yours", old, new, old)
        if (old == new == seen) or (new == seen):
            continue
        cause = "yours" if old == seen else "drift" if old == new else "conflict"
        whole = bool(knob.item) and None in (old, new, seen)
        values = [None if each is None else (knob.whole if whole else knob.told)(each) for each in (old, new, seen)]
        yield (knob.item if whole else knob.label), (cause, *values)


def cause_of(root: Path, field: Mapping[str, Any], old: tuple[str, str]) -> str:
    """The line that a preview names as the cause: of what was removed, the line that had been there."""
    if "after" in field:
        origin = field["origins"][0]
        text = (root / origin["file"]).read_text(encoding="utf-8")
    else:
        origin = field["former"][0]
        text = IMPORTS + old[0] if origin["kind"] == "author" else old[1]
    assert origin["kind"] == ("author" if Path(origin["file"]).name == "app.py" else "workspace")
    return str(text.splitlines()[origin["line"] - 1])


def check(root: Path, fields: Mapping[str, Mapping[str, Any]], base: Turned, ours: Turned, theirs: Turned) -> None:
    """What a preview must tell, and nothing else: whose each change is, its values, and the line that caused it.

    ``fields`` are those of the preview by their labels; the files that it names are relative to ``root``.
    """
    told = {
        path: (field["cause"], *(field.get(side) for side in ("before", "after", "live")))
        for path, field in fields.items()
    }
    assert told == dict(expected(base, ours, theirs))
    for path, (cause, *_) in told.items():
        if cause != "drift":
            [name] = (name for name, knob in KNOBS.items() if path in (knob.label, knob.item, knob.copied))
            value = ours[name] if ours[name] is not None else base[name]
            assert cause_of(root, fields[path], texts(base)) == KNOBS[name].text(value).rstrip("\n")
