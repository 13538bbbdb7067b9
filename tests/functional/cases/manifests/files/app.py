from kusion_dsl import AppConfiguration
from kusion_k8s_manifest import K8sManifest


class Extras(AppConfiguration):
    """Objects as they are written in files; the platform adds some of its own."""

    manifests = K8sManifest(paths=["../quota.yaml"])
