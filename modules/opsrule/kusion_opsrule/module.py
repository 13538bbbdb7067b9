"""A rule for operating pods, as KusionStack's operator keeps it."""

from __future__ import annotations

from kusion_dsl.module import CompileError, Context, Generated, Resource, module
from kusion_opsrule.schema import OpsRule, OpsRulePlatform

_COLLASET = "kubernetes:apps.kusionstack.io/v1alpha1:CollaSet"


@module
def ops_rule(rule: OpsRule, platform: OpsRulePlatform, ctx: Context) -> Generated:
    """A PodTransitionRule, where the workload is a CollaSet: nothing else obeys one."""
    if ctx.workload is None:
        raise CompileError("there is no workload that the rule could be about", hint="give the application a workload")
    if ctx.workload_resource is None or ctx.workload_resource.type != _COLLASET:
        return
    policy = {"maxUnavailableValue": rule.max_unavailable}
    yield Resource.manifest(
        {
            "apiVersion": "apps.kusionstack.io/v1alpha1",
            "kind": "PodTransitionRule",
            "metadata": ctx.metadata(ctx.name()),
            "spec": {
                "selector": {"matchLabels": ctx.labels},
                "rules": [{"name": "maxUnavailable", "availablePolicy": policy}],
            },
        }
    )
