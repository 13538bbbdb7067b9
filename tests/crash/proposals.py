"""What an app, a module and a workspace make together, for each version of each: compiled once."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from kusion_dsl.operations.generate import generate
from kusion_dsl.operations.proposal import Proposal, propose
from kusion_dsl.operations.selection import Selection
from tests.functional.commandline import Kusion
from tests.functional.distributions import Distributions

MODULE = """\
from __future__ import annotations

from kusion_dsl.module import Accessory, Context, Generated, PlatformConfig, Resource, module


class Note(Accessory):
    '''A text to be kept.'''

    text: str
    '''What it says.'''


class NotePlatform(PlatformConfig):
    '''Says something itself.'''

    signature: str = "nobody"
    '''What it adds.'''


@module
def note(note: Note, platform: NotePlatform, ctx: Context) -> Generated:
    '''A ConfigMap.'''
    data = {"text": note.text, "signature": platform.signature, "version": "VERSION"}
    yield Resource.manifest({"apiVersion": "v1", "kind": "ConfigMap", "metadata": ctx.metadata(ctx.name()), "data": data})
"""
_APP = """\
from kusion_note import Note


class Shop(AppConfiguration):
    workload = Service(containers={{"web": Container(image="shop:{}")}})
"""
APPS = (
    _APP.format(1),
    _APP.format(2) + "    first = Note(text='a')\n",
    _APP.format(2) + "    first = Note(text='b')\n    second = Note(text='c')\n",
)
VERSIONS = ("1.0", "2.0")
SIGNATURES = ("nobody", "the platform")


@cache
def proposals() -> dict[tuple[int, int, int], Proposal]:
    """By the numbers of the app, of the module's version, and of the workspace's signature."""
    here = Path.cwd()
    found = {}
    with TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as monkeypatch:
        root = Path(directory)
        monkeypatch.chdir(root)
        for version, signature in product(range(len(VERSIONS)), range(len(SIGNATURES))):
            with pytest.MonkeyPatch.context() as installed:
                _install(root / f"site-{version}-{signature}", VERSIONS[version], installed)
                for app in range(len(APPS)):
                    found[app, version, signature] = _compiled(root, APPS[app], SIGNATURES[signature])
                    sys.modules.pop("kusion_note", None)
    assert Path.cwd() == here
    assert len({each.spec.digest for each in found.values()}) == 1 + 2 * len(VERSIONS) * len(SIGNATURES)
    return found


def _install(site: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"kusion_note/__init__.py": MODULE.replace("VERSION", version)}
    Distributions(site, monkeypatch).install("kusion-note", "note = kusion_note:note", files, version)


def _compiled(root: Path, app: str, signature: str) -> Proposal:
    kusion = Kusion(root)
    kusion.stack(app)
    kusion.write({"workspace.yaml": f"modules: {{note: {{configs: {{default: {{signature: {signature}}}}}}}}}\n"})
    kusion.done("workspace", "update", "default", "-f", "workspace.yaml")
    proposal = propose(generate(kusion.host(os.environ, ""), Selection(Path("dev"))))
    return replace(proposal, modules=())  # their digests would be taken anew from what is installed while applying
