"""As whom pods speak to Kubernetes, and to clouds that trust it.

Source: https://kubernetes.io/docs/concepts/security/service-accounts/.
"""

from pydantic import Field

from kusion_dsl.module import Annotations, Component, Context, Resource


class ServiceAccount(Component):
    """A service account of the application's own, made for it under the workload's name."""

    annotations: Annotations = Field(default_factory=dict[str, str])
    """What a cloud wants to know: ``{"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/shop"}``."""


def service_account_resource(account: ServiceAccount, ctx: Context) -> Resource:
    """The ServiceAccount that is made."""
    metadata = ctx.metadata(ctx.name(), annotations=dict(account.annotations))
    return Resource.manifest({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
