"""Changes of fields, for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import click

from kusion_dsl.cli.render.screen import Screen
from kusion_dsl.cli.render.values import LONGEST, line_differences, pair_text, value_text
from kusion_dsl.model.change import MISSING, FieldChange
from kusion_dsl.model.masking import MASKED
from kusion_dsl.model.provenance import Origin

_INDENT = "    "
_MOST_LINES = 20  # of a diff of two texts
_IGNORED = "ignoreChanges names it"


def show_field(screen: Screen, field: FieldChange, *, detail: bool, remark: str | None = None) -> None:
    """Print one field that differs: what it was, what it will be, and who caused that, or ``remark`` instead."""
    shown = replace(
        field, before=screen.masked(field.before), after=screen.masked(field.after), live=screen.masked(field.live)
    )
    old = shown.live if shown.cause == "drift" else shown.before
    told = _remark(shown) if remark is None else remark
    if old == shown.after:  # the text is the same, and what it refers to is not
        text = value_text(old, None if detail else LONGEST)
        screen.out_beside(f"{_INDENT}{shown.label}: {text} has another value", told)
        return
    if isinstance(old, str) and isinstance(shown.after, str) and "\n" in old + shown.after:
        screen.out_beside(f"{_INDENT}{shown.label}:", told)
        for line in line_differences(old, shown.after, None if detail else _MOST_LINES):
            screen.out(f"{_INDENT}  {line}")
        return
    texts = pair_text(old, shown.after, None if detail else LONGEST)
    line = f"{_INDENT}{shown.label}: {texts[0]} -> {texts[1]}"
    if screen.fits(line):
        screen.out_beside(line, told)
        return
    screen.out(f"{_INDENT}{shown.label}:")
    both = f"{_INDENT}  {texts[0]} -> {texts[1]}"
    if not screen.fits(both):
        screen.out(f"{_INDENT}  {texts[0]} ->")
        both = f"{_INDENT}  {texts[1]}"
    screen.out_beside(both, told)


def _remark(field: FieldChange) -> str:
    match field.cause:
        case "yours":
            return _yours(field)
        case "drift":
            fate = "will be reverted" if field.applied else f"stays as it is: {_IGNORED}"
            return f"{click.style(f'changed by {_whom(field)}', fg='cyan')}, {fate}"
        case "conflict":
            return f"{click.style(_theirs(field), fg='red')}  {_yours(field)}".rstrip()


def _yours(field: FieldChange) -> str:
    if field.follows:
        return click.style(f"follows {', '.join(field.follows)}", dim=True)
    if field.former and field.after is MISSING:
        told = f"was {field.former[0]}"
    else:
        told = origin_text(field.origins) + (f", was {field.former[0]}" if field.former else "")
    told = told if field.applied else f"not applied: {_IGNORED}"
    shared = click.style(f"{field.by} wants it as it was  ", fg="red") if field.by and field.cause == "yours" else ""
    return shared + click.style(told, dim=True) if told else shared.rstrip()


def _whom(field: FieldChange) -> str:
    return str(field.by or "somebody else")


def _theirs(field: FieldChange) -> str:
    if field.live is MISSING:
        return "somebody else removed it"
    who = _whom(field)
    return f"{who} changed it too" if field.live == MASKED else f"{who} made it {value_text(field.live)}"


def origin_text(origins: Sequence[Origin]) -> str:
    """The decisive origin in a line; nothing where there is none."""
    return str(origins[0]) if origins else ""
