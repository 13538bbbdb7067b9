"""The volumes of a pod: those that the workload names, and those that bring files and directories to containers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kusion_dsl.module import Context, Resource, secret_key_of, shorten
from kusion_workload.container import Container, FileSpec, InitContainer
from kusion_workload.paths import is_within
from kusion_workload.storage import (
    Claim,
    ConfigMapVolume,
    EmptyDir,
    ExistingClaim,
    Volume,
    claim_spec,
    mount_manifest,
)

Manifest = dict[str, Any]


@dataclass
class Volumes:
    """The volumes of a pod, each once, under names that are unique in it.

    ``resources`` are the ConfigMaps of files and volumes, and the claims. With ``claims_per_pod`` claims are templates
    instead, from which a StatefulSet makes one for each of its pods.
    """

    ctx: Context
    claims_per_pod: bool = False
    resources: list[Resource] = field(default_factory=list[Resource])
    claim_templates: list[Manifest] = field(default_factory=list[Manifest])
    _sources: dict[str, Manifest | None] = field(default_factory=dict[str, "Manifest | None"])

    @property
    def manifests(self) -> list[Manifest]:
        """The volumes as they stand in a pod, in the order in which they were first needed."""
        return [{"name": name, **source} for name, source in self._sources.items() if source is not None]

    def add(self, name: str, volume: Volume) -> None:
        """A volume that the workload names; all of them come before any :meth:`mounts`."""
        if isinstance(volume, Claim) and self.claims_per_pod:
            self.claim_templates.append({"metadata": {"name": name}, "spec": claim_spec(volume)})
            self._sources[name] = None
        else:
            self._sources[name] = self._source(name, volume)

    def mounts(self, name: str, container: Container | InitContainer) -> list[Manifest]:
        """The mounts of the container ``name``: files in order of their paths, then directories, then volumes."""
        return [
            *self._files(name, container.files, container.mounts),
            *self._directories(container.dirs),
            *(mount_manifest(path, mount) for path, mount in sorted(container.mounts.items())),
        ]

    def _source(self, name: str, volume: Volume) -> Manifest:
        match volume:
            case EmptyDir():
                medium = "Memory" if volume.memory else None
                return {"emptyDir": {"sizeLimit": volume.size, "medium": medium}}
            case Claim():
                return {"persistentVolumeClaim": {"claimName": self._claim(self.ctx.name(name), volume)}}
            case ExistingClaim():
                return {"persistentVolumeClaim": {"claimName": volume.name, "readOnly": volume.read_only or None}}
            case ConfigMapVolume():
                config_map = volume.name or self._config_map(self.ctx.name(name), volume.data)
                return {"configMap": {"name": config_map, "defaultMode": int(volume.mode, 8)}}
            case _:
                return {"secret": {"secretName": volume.name, "defaultMode": int(volume.mode, 8)}}

    def _claim(self, name: str, claim: Claim) -> str:
        manifest = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": self.ctx.metadata(name),
            "spec": claim_spec(claim),
        }
        options = {"retainOnDelete": True} if claim.retain else {}
        self.resources.append(replace(Resource.manifest(manifest), options=options))
        return name

    def _files(self, container: str, files: Mapping[str, FileSpec], mounts: Mapping[str, Any]) -> Iterator[Manifest]:
        for number, (path, file) in enumerate(sorted(files.items())):
            name = path.rpartition("/")[2]
            mode = int(file.mode, 8)
            if file.content is not None:
                config_map = self._config_map(self.ctx.name(container, str(number)), {name: file.content})
                volume = self._volume(config_map, {"configMap": {"name": config_map, "defaultMode": mode}})
                yield {"name": volume, **_place(path, file, (*files, *mounts))}
            elif file.content_from is not None and (key := secret_key_of(file.content_from)):
                volume = self._volume(key.secret, {"secret": {"secretName": key.secret, "defaultMode": mode}})
                yield {"name": volume, "mountPath": path, "subPath": key.key}

    def _directories(self, directories: Mapping[str, str]) -> Iterator[Manifest]:
        for path, secret in sorted(directories.items()):
            yield {"name": self._volume(secret, {"secret": {"secretName": secret}}), "mountPath": path}

    def _config_map(self, name: str, data: Mapping[str, str]) -> str:
        manifest = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": self.ctx.metadata(name),
            "data": dict(data),
        }
        self.resources.append(Resource.manifest(manifest))
        return name

    def _volume(self, wanted: str, source: Manifest) -> str:
        """The name of a volume with ``source``: the one there is, else a new one, ``wanted`` if that is free."""
        label = shorten(wanted.replace(".", "-"))
        name, number = label, 1
        while self._sources.get(name, source) != source:
            number += 1
            name = shorten(f"{label}-{number}")
        self._sources[name] = source
        return name


def _place(path: str, file: FileSpec, taken: Iterable[str]) -> Manifest:
    """Where the ConfigMap of a file is mounted: over the file's directory, as in the ancestor, or as the file alone.

    Over the directory it follows changes of the ConfigMap, but hides what the image has there, and no file can be
    mounted inside of it: the kubelet makes a directory in its place (kubernetes/kubernetes#61545). ``taken`` are the
    paths of all files and volumes of the container.
    """
    directory, _, name = path.rpartition("/")
    shared = any(other != path and is_within(other, directory) for other in taken)
    if not directory or shared or file.keep_directory:
        return {"mountPath": path, "subPath": name}
    return {"mountPath": directory}
