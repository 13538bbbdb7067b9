"""Patches of applications and workspaces at the command line: what is generated, and who is named for it."""

from __future__ import annotations

from tests.functional.commandline import Kusion, lines

APP = """\
from kusion_dsl import patch


class Shop(AppConfiguration):
    workload = Service(containers={"web": Container(image="shop:1")}, replicas=1)
    patches = [
        patch(
            kind="Deployment",
            merge={
                "spec": {
                    "paused": True,
                    "template": {"spec": {"priorityClassName": "high"}},
                },
            },
        ),
        patch(
            kind="Deployment",
            json_patch=[
                {"op": "add", "path": "/metadata/annotations", "value": {"note": "x"}},
            ],
        ),
    ]
"""

WORKSPACE = """
modules:
  service:
    configs:
      default: {minReadySeconds: 3}
      small: {stackSelector: [dev], minReadySeconds: 7}
patches:
- kind: Deployment
  appSelector: [shop]
  merge:
    spec:
      template: {spec: {schedulerName: ours}}
"""


def test_why_names_the_line_of_a_patch_first(kusion: Kusion) -> None:
    kusion.stack(APP)
    kusion.write({"prod.yaml": WORKSPACE})
    kusion.done("workspace", "create", "prod", "-f", "prod.yaml")
    expected = {
        "spec.paused": "dev/app.py:16 (shop.patches[0])",
        "spec.template.spec.priorityClassName": "dev/app.py:17 (shop.patches[0])",
        "metadata.annotations.note": "dev/app.py:24 (shop.patches[1])",
        "spec.template.spec.schedulerName": "12:25 (workspace prod)",
        "spec.minReadySeconds": "6:37 (workspace prod)",
    }
    for field, origin in expected.items():
        out = kusion.done("why", "Deployment", field, "-w", "dev", "--workspace", "prod").out
        assert origin in out.splitlines()[1], out


def test_a_patch_that_fits_nothing_is_told_at_its_line(kusion: Kusion) -> None:
    kusion.stack(APP.replace('kind="Deployment",\n            json', 'kind="Servce",\n            json'))
    assert kusion.refused("generate", "-w", "dev") == lines(
        """
        error: dev/app.py:21: shop.patches[1] fits no resource: kind 'Servce'
          Deployment shop-dev-shop of workload
          choose what it changes among these
        """
    )


def test_a_wrong_patch_is_told_with_everything_else(kusion: Kusion) -> None:
    kusion.stack(APP.replace("kind=", "knid=").replace("replicas=1", 'replicas="x"'))
    refused = kusion.refused("generate", "-w", "dev")
    assert refused.count("knid: unknown field, did you mean 'kind'?") == 2
    assert "replicas: Input should be a valid integer" in refused
