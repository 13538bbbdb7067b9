"""The plainest workload there is, for tests of modules that are no workloads."""

from __future__ import annotations

from kusion_dsl.model.app import AppConfiguration
from kusion_dsl.module import Accessory, Component, Context, Generated, PlatformConfig, Resource, Workload, module


class SampleService(Workload):
    """A workload for tests of accessory modules: one container in a Deployment."""

    image: str = "sample:1"
    """The image of its container, which is called ``main``."""


class SamplePlatform(PlatformConfig):
    """Nothing to decide."""


@module
def sample_service(workload: SampleService, platform: SamplePlatform, ctx: Context) -> Generated:
    """A Deployment with one container."""
    yield Resource.manifest(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": ctx.metadata(ctx.name(), labels=ctx.labels),
            "spec": {
                "selector": {"matchLabels": ctx.labels},
                "template": {
                    "metadata": {"labels": ctx.labels},
                    "spec": {"containers": [{"name": "main", "image": workload.image}]},
                },
            },
        },
        workload=True,
    )


def application_with(component: Component, *, name: str, accessory: str) -> AppConfiguration:
    """An application with ``component``: as its workload if it is one, else as an accessory of the sample's."""
    accessories = {accessory: component} if isinstance(component, Accessory) else {}
    workload = component if isinstance(component, Workload) else SampleService()
    return AppConfiguration(name=name, workload=workload, accessories=accessories)
