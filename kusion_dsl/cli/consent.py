"""Asking before something is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kusion_dsl.cli.render.screen import Screen
from kusion_dsl.errors import RefusedError

if TYPE_CHECKING:
    from kusion_dsl.operations.apply import Consent
    from kusion_dsl.operations.foreign import ForeignState
    from kusion_dsl.operations.origin import Intrusion
    from kusion_dsl.operations.preview import Preview


def can_ask(screen: Screen, *, yes: bool) -> None:
    """Raise RefusedError, before anything is begun, where there will be nobody to ask and nobody said ``yes``."""
    if not yes and not screen.interactive:
        raise RefusedError(
            "there is no terminal to ask at, and no --yes", hint="add --yes to go on without being asked"
        )


def ask(
    question: str,
    intrusion: Intrusion | None = None,
    foreign: ForeignState | None = None,
    *,
    yes: bool,
    take_over: bool = False,
) -> None:
    """Go on if ``yes``, or if whoever watches says so. Raises RefusedError.

    Where another checkout's resources would be deleted, or a plain ``pulumi`` has changed the state, ``yes`` is not
    enough without ``take_over``.
    """
    if foreign is not None and yes and not take_over:
        hint = "nothing was changed; look at it with `kusion preview`, then add --take-over, or answer at a terminal"
        raise RefusedError(str(foreign), hint=hint)
    if intrusion is not None and intrusion.deleted and not take_over:
        if yes:
            raise RefusedError(
                f"this would delete what another checkout made: {intrusion}",
                hint="nothing was changed; add --take-over if the stack is to be this checkout's from now on",
                details=intrusion.deleted,
            )
        question = f"{question} It deletes what came from {intrusion.known}."
    if not yes and not _confirmed(question):
        raise RefusedError("nothing was changed: you said no")


def _confirmed(question: str) -> bool:
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        click.echo(err=True)  # what is said next does not belong behind the question
        raise


def consent_again(screen: Screen, *, yes: bool) -> Consent | None:
    """Asks anew where the stack was changed while somebody was deciding; None where nobody is there to decide."""
    if yes:
        return None

    def consent(preview: Preview) -> None:
        from kusion_dsl.cli.render.changes import show_preview

        screen.warn("the stack was changed in the meantime; this is what would change now")
        show_preview(screen, preview, "table")
        ask("Apply this instead?", preview.intrusion, preview.foreign, yes=False)

    return consent
