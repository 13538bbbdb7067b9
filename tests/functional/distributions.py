"""Distributions with modules of kusion, installed for one test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ECHO = '''\
from __future__ import annotations

from typing import ClassVar

from kusion_dsl.module import Accessory, Context, Generated, Outputs, PlatformConfig, Resource, module, output


class Echo(Accessory):
    """Says something."""

    text: str = ""
    """What it says."""
    said: ClassVar[output] = output("What was said.")


class EchoPlatform(PlatformConfig):
    """Nothing to decide."""


@module
def echo(echo: Echo, platform: EchoPlatform, ctx: Context) -> Generated:
    """Says it again."""
    said = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": ctx.metadata(ctx.name()), "data": {"text": echo.text}}
    resource = Resource.manifest(said)
    yield resource
    yield Outputs(said=resource["data.text"])
'''
"""A module whose output is a value of the resource that it makes of its only field."""


VAULT = """\
from __future__ import annotations

from kusion_dsl.module import Accessory, Context, Generated, PlatformConfig, Resource, module


class Vault(Accessory):
    '''Keeps something.'''

    option: str
    '''The option of Pulumi that its object has.'''


class VaultPlatform(PlatformConfig):
    '''Nothing to decide.'''


@module
def vault(vault: Vault, platform: VaultPlatform, ctx: Context) -> Generated:
    '''A ConfigMap that nobody deletes.'''
    kept = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": ctx.metadata(ctx.name()), "data": {"a": "b"}}
    options = {vault.option: ["data"] if vault.option == "ignoreChanges" else True} if vault.option else {}
    yield Resource("kubernetes:core/v1:ConfigMap", ctx.name(), kept, options=options)
"""
"""A module whose object has an option of Pulumi's."""


@dataclass
class Distributions:
    """A directory of installed distributions, on ``sys.path`` until the test ends."""

    directory: Path
    monkeypatch: pytest.MonkeyPatch

    def install(self, name: str, entry_point: str, files: Mapping[str, str], version: str = "1.0") -> None:
        """Install a distribution with one entry point, ``name = package:attribute``, and its files."""
        place = self.directory / name
        metadata = place / f"{name.replace('-', '_')}-{version}.dist-info"
        contents = {
            metadata / "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            metadata / "entry_points.txt": f"[kusion.modules]\n{entry_point}\n",
            **{place / file: text for file, text in files.items()},
        }
        for path, text in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.monkeypatch.syspath_prepend(str(place))

    def module(self, text: str, name: str = "echo") -> None:
        """Install the distribution ``kusion-<name>`` with a module of that name, whose text is ``text``."""
        self.install(f"kusion-{name}", f"{name} = kusion_{name}:{name}", {f"kusion_{name}/__init__.py": text})
