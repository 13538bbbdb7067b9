"""Going back across whatever has changed since: accessories, names, modules, machines, formats."""

from __future__ import annotations

import copy
import importlib
import json
import shutil
import sys
from pathlib import Path

import pytest

from kusion_dsl.storage.backend_url import file_url
from tests.functional.commandline import DEPLOYMENT, SHOP, SHOP_WITH_DATABASE, Kusion
from tests.functional.distributions import ECHO, Distributions
from tests.functional.test_rollback import NAMED, TWO, apply, image, newest


def live_and_spec(kusion: Kusion) -> tuple[object, object]:
    """What a rollback must bring back."""
    return copy.deepcopy(kusion.live), newest(kusion)["spec"]


def test_across_a_removed_accessory(kusion: Kusion) -> None:
    apply(kusion, SHOP_WITH_DATABASE)
    before = live_and_spec(kusion)
    apply(kusion, SHOP)
    kusion.done("rollback", *NAMED, "--yes")
    assert live_and_spec(kusion) == before


def test_across_a_renamed_app(kusion: Kusion) -> None:
    apply(kusion, SHOP)
    before = live_and_spec(kusion)
    apply(kusion, SHOP.replace("class Shop", "class Store"))
    assert DEPLOYMENT not in kusion.live
    kusion.done("rollback", "-w", "dev", "--yes")
    assert live_and_spec(kusion) == before


def test_across_a_deleted_project(kusion: Kusion) -> None:
    apply(kusion, SHOP)
    before = live_and_spec(kusion)
    apply(kusion, TWO)
    shutil.rmtree(kusion.root / "dev")
    (kusion.root / "project.yaml").unlink()
    kusion.done("rollback", *NAMED, "--yes")
    assert live_and_spec(kusion) == before


def test_across_an_app_that_became_wrong(kusion: Kusion) -> None:
    apply(kusion, SHOP, TWO)
    kusion.stack("raise ValueError\n")
    kusion.done("rollback", "-w", "dev", "--yes")
    assert image(kusion) == "shop:1"


def test_from_another_machine_that_has_only_the_backend(
    kusion: Kusion, tmp_path_factory: pytest.TempPathFactory
) -> None:
    apply(kusion, SHOP, TWO)
    other = Kusion(tmp_path_factory.mktemp("other"), engine=kusion.engine)
    backend = file_url(kusion.home / "backend")
    other.done("rollback", *NAMED, "--workspace", "default", "--backend", backend, "--yes")
    assert image(kusion) == "shop:1"
    shown = kusion.done("release", "show", "-w", "dev", "-o", "json").document
    assert (shown["restores"], shown["source"]) == (1, {"origin": str(kusion.root)})
    assert "warning" not in kusion.done("preview", "-w", "dev").err


ECHOING = f"from kusion_echo import Echo\n{SHOP}    echo = Echo(text='hello')\n"


def install(distributions: Distributions, text: str, version: str) -> None:
    """Install the module ``echo``, in place of the version that was there before."""
    uninstall(distributions)
    files = {"kusion_echo/__init__.py": text}
    distributions.install("kusion-echo", "echo = kusion_echo:echo", files, version)


def uninstall(distributions: Distributions) -> None:
    """Remove the module ``echo``, and forget that it was imported."""
    shutil.rmtree(distributions.directory / "kusion-echo", ignore_errors=True)
    sys.modules.pop("kusion_echo", None)
    importlib.invalidate_caches()


def test_across_an_upgrade_of_a_module(kusion: Kusion, distributions: Distributions) -> None:
    install(distributions, ECHO, "1.0")
    apply(kusion, ECHOING)
    before = live_and_spec(kusion)
    install(distributions, ECHO.replace('"text": echo.text', '"text": echo.text, "more": "than before"'), "2.0")
    apply(kusion, ECHOING)
    assert live_and_spec(kusion) != before
    kusion.done("rollback", "-w", "dev", "--yes")
    assert live_and_spec(kusion) == before
    assert [each["version"] for each in newest(kusion)["modules"] if each["name"] == "echo"] == ["1.0"]


def test_across_an_uninstalled_module(kusion: Kusion, distributions: Distributions) -> None:
    install(distributions, ECHO, "1.0")
    apply(kusion, ECHOING)
    before = live_and_spec(kusion)
    apply(kusion, SHOP)
    uninstall(distributions)
    kusion.stack(ECHOING)
    assert kusion("generate", "-w", "dev").code == 1
    kusion.done("rollback", "-w", "dev", "--yes")
    assert live_and_spec(kusion) == before


CORPUS = Path(__file__).parents[1] / "data" / "releases"
STORED = sorted(
    path.relative_to(CORPUS)
    for path in CORPUS.glob("*/*/*/*/*[0-9].json")
    if json.loads(path.read_bytes())["kind"] != "destroy" and list(path.parent.glob(f"{path.stem}.*-succeeded.json"))
)
"""The releases that can be restored of all that were ever written: format, project, workspace, stack, file."""


def test_there_are_stored_releases_of_every_format() -> None:
    assert {path.parts[0] for path in STORED} == {path.name for path in CORPUS.iterdir()} >= {"format-1"}


@pytest.mark.parametrize("stored", STORED, ids=str)
def test_to_a_release_of_any_format(kusion: Kusion, stored: Path) -> None:
    format, project, workspace, stack, file = stored.parts
    kusion.environment["STRIPE_API_KEY"] = "sk-1234567"
    shutil.copytree(CORPUS / format, kusion.home / "backend/.kusion/v1/releases")
    named = ("--project", project, "--workspace", workspace, "--stack", stack)
    revision = str(int(Path(file).stem))
    kusion.done("rollback", revision, *named, "--yes")
    shown = kusion.done("release", "show", *named, "-o", "json").document
    wanted = json.loads((CORPUS / stored).read_bytes())
    assert (shown["restores"], shown["specDigest"], shown["phase"]) == (
        int(revision),
        wanted["specDigest"],
        "succeeded",
    )
    [live] = kusion.engine.live.values()
    assert live == {each["id"]: each["attributes"] for each in wanted["spec"]["resources"]}
