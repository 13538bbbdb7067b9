"""``kusion completion``."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    Examples:
      kusion completion bash > ~/.local/share/bash-completion/completions/kusion
      kusion completion zsh > "${fpath[1]}/_kusion"
      kusion completion fish > ~/.config/fish/completions/kusion.fish
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None  # click has all three shells
    click.echo(kind(context.find_root().command, {}, "kusion", "_KUSION_COMPLETE").source())
