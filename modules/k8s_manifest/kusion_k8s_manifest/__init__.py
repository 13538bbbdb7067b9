"""Kubernetes objects from manifest files: the accessory module ``k8s_manifest``."""

from kusion_k8s_manifest.schema import K8sManifest, K8sManifestPlatform

__all__ = ["K8sManifest", "K8sManifestPlatform"]
