"""``kusion config``."""

from __future__ import annotations

import click

from kusion_dsl.cli.invocation import Invocation
from kusion_dsl.cli.options import output_option


def _complete_keys(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    from kusion_dsl.cli.completions import settings

    return settings(context, incomplete)


def _complete_values(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    from kusion_dsl.cli.completions import setting_values

    return setting_values(context, incomplete)


_key_argument = click.argument("key", shell_complete=_complete_keys)


@click.group()
def config() -> None:
    """Keep the backends by name, and choose the one that is used.

    \b
    Keys:
      backends.current               the name of the backend that is used
      backends.NAME                  all of a backend; it can be set to a URL
      backends.NAME.type             local, oss or s3
      backends.NAME.configs          all fields of a backend
      backends.NAME.configs.FIELD    path; or bucket, prefix and the parameters of an s3:// URL
    """


@config.command("list")
@output_option()
@click.pass_obj
def list_backends(invocation: Invocation, output: str) -> None:
    """List the backends; the current one is marked.

    \b
    Example:
      kusion config list -o json
    """
    from kusion_dsl.cli.render.listings import show_backends
    from kusion_dsl.operations.configuration import list_backends as operation

    show_backends(invocation.screen(), operation(invocation.host()), output)


@config.command()
@_key_argument
@output_option("text", "json", "yaml", default="text")
@click.pass_obj
def get(invocation: Invocation, key: str, output: str) -> None:
    """Print what a key says.

    \b
    Examples:
      kusion config get backends.current
      kusion config get backends.prod -o json
    """
    from kusion_dsl.cli.render.listings import show_setting
    from kusion_dsl.operations.configuration import get_setting

    show_setting(invocation.screen(), key, get_setting(invocation.host(), key), output)


@config.command()
@_key_argument
@click.argument("value", shell_complete=_complete_values)
@click.pass_obj
def set(invocation: Invocation, key: str, value: str) -> None:
    """Set a key. Credentials are never kept: they come from the environment, or from a profile.

    \b
    Examples:
      kusion config set backends.prod 's3://kusion-state/shop?region=eu-central-1'
      kusion config set backends.prod.configs.profile platform
      kusion config set backends.current prod
    """
    from kusion_dsl.operations.configuration import set_setting

    set_setting(invocation.host(), key, value)
    invocation.screen().out(f"set {key}")


@config.command()
@_key_argument
@click.pass_obj
def unset(invocation: Invocation, key: str) -> None:
    """Forget a key; without backends.current the built-in backend is used.

    \b
    Examples:
      kusion config unset backends.prod.configs.profile
      kusion config unset backends.current
    """
    from kusion_dsl.operations.configuration import unset_setting

    unset_setting(invocation.host(), key)
    invocation.screen().out(f"unset {key}")
