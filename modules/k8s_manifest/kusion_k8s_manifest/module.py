"""Kubernetes objects from manifest files, as they are written there."""

from __future__ import annotations

from kusion_dsl.module import CompileError, Context, Generated, Resource, load_manifests, module
from kusion_k8s_manifest.objects import objects_in
from kusion_k8s_manifest.schema import K8sManifest, K8sManifestPlatform


@module
def k8s_manifest(manifests: K8sManifest, platform: K8sManifestPlatform, ctx: Context) -> Generated:
    """Every object of the files, as it is written there; lists of objects are taken apart."""
    texts = {file: text for path in manifests.paths for file, text in ctx.files(path).items()}
    places: dict[str, str] = {}
    errors: list[CompileError] = []
    for document in (document for file, text in texts.items() for document in load_manifests(text, file)):
        for found in objects_in(document.value, document.position):
            if isinstance(found, CompileError):
                errors.append(found)
                continue
            resource = Resource.manifest(found.manifest)
            other = places.setdefault(resource.id, found.place)
            if other != found.place:
                errors.append(
                    CompileError(f"{resource.id} is written twice", where=found.place, hint=f"also at {other}")
                )
            yield resource
    if errors:
        raise CompileError.of([problem for error in errors for problem in error.problems])
