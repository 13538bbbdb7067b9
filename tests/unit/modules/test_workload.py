"""What workload modules share, as its README shows it to those who write one."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

import kusion_job
import kusion_service
import kusion_workload
from kusion_dsl import AppConfiguration
from kusion_dsl.testing import compile_app

README = Path(__file__).parents[3] / "modules" / "workload" / "README.md"


def examples() -> list[str]:
    """The Python in the README."""
    return re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


def run(code: str, directory: Path) -> dict[str, Any]:
    (directory / "example.py").write_text(code)
    return runpy.run_path(str(directory / "example.py"))


@pytest.fixture
def example(tmp_path: Path) -> dict[str, Any]:
    """What the README's example of a module defines."""
    return run(examples()[1], tmp_path)


def test_what_developers_write_works_in_the_workspace(tmp_path: Path) -> None:
    [workspace] = re.findall(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)
    spec = compile_app(run(examples()[0], tmp_path)["Shop"], workspace=workspace).spec
    assert spec["v1:PersistentVolumeClaim:test:test-dev-shop-uploads"].options == {"retainOnDelete": True}
    pod = spec["apps/v1:Deployment:test:test-dev-shop"].attributes["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["nodeSelector"] == {"pool": "apps"}
    assert [each["name"] for each in pod["imagePullSecrets"]] == ["registry"]


def test_a_workload_module_of_ones_own(example: dict[str, Any]) -> None:
    container = kusion_workload.Container(image="x", files={"/etc/a": kusion_workload.FileSpec(content="b")})
    workload = example["Agent"](
        containers={"main": container},
        labels={"team": "a"},
        annotations={"note": "b"},
        secrets={"token": kusion_workload.SecretSpec(type="token")},
    )
    app = AppConfiguration(name="shop", workload=workload)
    workspace = "modules: {agent: {configs: {default: {labels: {tier: gold, team: b}}}}}"
    spec = compile_app(app, modules=[example["agent"]], workspace=workspace).spec
    made = spec["apps/v1:DaemonSet:test:test-dev-shop"].attributes
    labels = {"app.kubernetes.io/name": "shop", "app.kubernetes.io/part-of": "test", "team": "a", "tier": "gold"}
    assert made["metadata"] == {
        "name": "test-dev-shop",
        "namespace": "test",
        "labels": labels,
        "annotations": {"note": "b"},
    }
    assert made["spec"]["template"]["metadata"] == {"labels": labels, "annotations": {"note": "b"}}
    assert {"v1:Secret:test:token", "v1:ConfigMap:test:test-dev-shop-main-0"} <= {each.id for each in spec.resources}


@pytest.mark.parametrize("module", [kusion_service, kusion_job])
def test_workload_modules_hand_on_its_names(module: Any) -> None:
    theirs = {"Pod", "PodWorkload", "WorkloadLabels", "pod_of"}  # for the authors of modules
    assert set(kusion_workload.__all__) - theirs <= set(module.__all__)
    for name in set(kusion_workload.__all__) - theirs:
        assert getattr(module, name) is getattr(kusion_workload, name)
