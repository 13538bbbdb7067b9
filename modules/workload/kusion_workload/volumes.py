"""Files and directories of containers: the ConfigMaps, volumes and mounts that bring them there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kusion_dsl.module import Context, Resource, secret_key_of, shorten
from kusion_workload.container import Container, FileSpec

Manifest = dict[str, Any]


@dataclass
class Volumes:
    """The volumes of a pod, each once, under names that are unique in it; ``config_maps`` hold the files' contents."""

    ctx: Context
    config_maps: list[Resource] = field(default_factory=list[Resource])
    _sources: dict[str, Manifest] = field(default_factory=dict[str, Manifest])

    @property
    def manifests(self) -> list[Manifest]:
        """The volumes as they stand in a pod, in the order in which they were first needed."""
        return [{"name": name, **source} for name, source in self._sources.items()]

    def mounts(self, name: str, container: Container) -> list[Manifest]:
        """The mounts of the container ``name``: files in order of their paths, then directories."""
        return [*self._files(name, container.files), *self._directories(container.dirs)]

    def _files(self, container: str, files: Mapping[str, FileSpec]) -> Iterator[Manifest]:
        for number, (path, file) in enumerate(sorted(files.items())):
            name = path.rpartition("/")[2]
            mode = int(file.mode, 8)
            if file.content is not None:
                config_map = self._config_map(self.ctx.name(container, str(number)), name, file.content)
                volume = self._volume(config_map, {"configMap": {"name": config_map, "defaultMode": mode}})
                yield {"name": volume, **_place(path, file, files)}
            elif file.content_from is not None and (key := secret_key_of(file.content_from)):
                volume = self._volume(key.secret, {"secret": {"secretName": key.secret, "defaultMode": mode}})
                yield {"name": volume, "mountPath": path, "subPath": key.key}

    def _directories(self, directories: Mapping[str, str]) -> Iterator[Manifest]:
        for path, secret in sorted(directories.items()):
            yield {"name": self._volume(secret, {"secret": {"secretName": secret}}), "mountPath": path}

    def _config_map(self, name: str, key: str, content: str) -> str:
        manifest = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": self.ctx.metadata(name),
            "data": {key: content},
        }
        self.config_maps.append(Resource.manifest(manifest))
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


def _place(path: str, file: FileSpec, files: Mapping[str, FileSpec]) -> Manifest:
    """Where the ConfigMap of a file is mounted: over the file's directory, as in the ancestor, or as the file alone.

    Over the directory it follows changes of the ConfigMap, but hides what the image has there, and no file can be
    mounted inside of it: the kubelet makes a directory in its place (kubernetes/kubernetes#61545).
    """
    directory, _, name = path.rpartition("/")
    shared = any(other != path and other.startswith(f"{directory}/") for other in files)
    if not directory or shared or file.keep_directory:
        return {"mountPath": path, "subPath": name}
    return {"mountPath": directory}
