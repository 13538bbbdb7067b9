"""The runs that are killed: what was there before, the command, and the one that goes on."""

from __future__ import annotations

from dataclasses import dataclass

MODULE = """\
from __future__ import annotations

from kusion_dsl.module import Accessory, Context, Generated, PlatformConfig, Resource, module


class Vault(Accessory):
    '''Keeps a password.'''

    edition: int
    '''With another edition there is another password.'''


class VaultPlatform(PlatformConfig):
    '''Nothing to decide.'''


@module
def vault(vault: Vault, platform: VaultPlatform, ctx: Context) -> Generated:
    '''The password, and a Secret that holds it.'''
    password = Resource("kusion:index:RandomPassword", "vault", {"keepers": {"edition": str(vault.edition)}})
    yield password
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": ctx.metadata("vault")}
    yield Resource.manifest({**secret, "stringData": {"password": password["result"]}})
"""
"""A module whose objects are few: one is random and is replaced, one depends on it; their Namespace on nothing."""

_APP = """\
from kusion_vault import Vault


class Shop(AppConfiguration):
    vault = Vault(edition={edition})
"""
FIRST = _APP.format(edition=1)
SECOND = _APP.format(edition=2)
"""The password is replaced, and the Secret changed."""

APPLY = ("apply", "-w", "dev", "--yes")
DESTROY = ("destroy", "-w", "dev", "--yes")
ROLLBACK = ("rollback", "1", "-w", "dev", "--yes")


@dataclass(frozen=True)
class Scenario:
    """A run that is killed.

    - ``command``: it, and what goes on after it; ``calls``: of the providers that it makes
    - ``app``: what the app says when it is run; ``applied``: the apps that were applied before, the oldest first
    - ``abandoned``: the boundary at which another run of the command was killed before, if any was; it begins like this
    """

    command: tuple[str, ...]
    calls: frozenset[str]
    app: str = FIRST
    applied: tuple[str, ...] = ()
    abandoned: str = ""


_CREATES = frozenset(("KusionProvider.Create", "ManifestFiles.create"))
_DELETES = frozenset(("KusionProvider.Delete", "ManifestFiles.delete"))
_REPLACES = frozenset(("KusionProvider.Create", "KusionProvider.Delete", "ManifestFiles.update"))

SCENARIOS = {
    "first apply": Scenario(APPLY, _CREATES),
    "update with replacement": Scenario(APPLY, _REPLACES, SECOND, (FIRST,)),
    "destroy": Scenario(DESTROY, _DELETES, applied=(FIRST,)),
    "rollback": Scenario(ROLLBACK, _REPLACES, SECOND, (FIRST, SECOND)),
    "takeover of a killed run": Scenario(
        APPLY, frozenset(("ManifestFiles.create",)), abandoned="after ManifestFiles.create namespace_"
    ),
}
