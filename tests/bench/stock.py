"""The reference: what one would write with Pulumi's Python SDK alone.

``python -m tests.bench.stock preview|apply|destroy SPEC DIRECTORY PULUMI`` makes a ``pulumi.CustomResource`` of every resource
of a Spec, with its dependencies, through the Automation API. The provider is our own one for manifests, attached as
kusion attaches it; live objects are read first, as kusion does.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pulumi
from pulumi import automation as auto

from kusion_dsl.engine.manifests import DIRECTORY, ManifestsProvider
from kusion_dsl.engine.provider import attached


def main(operation: str, spec: Path, directory: Path, executable: Path) -> None:
    """Preview, apply or destroy the resources of a Spec."""
    document: dict[str, Any] = json.loads(spec.read_text(encoding="utf-8"))
    version: str = document["providers"]["kubernetes"]["version"]

    def program() -> None:
        provider = pulumi.ProviderResource(
            "kubernetes", "manifests", {DIRECTORY: str(directory)}, pulumi.ResourceOptions(version=version)
        )
        made: dict[str, pulumi.Resource] = {}
        for each in document["resources"]:
            needed = [made[id] for id in each.get("dependsOn", ())]
            options = pulumi.ResourceOptions(provider=provider, depends_on=needed, version=version)
            made[each["id"]] = pulumi.CustomResource(each["type"], each["id"], each["attributes"], options)

    os.environ["PATH"] = os.pathsep.join([str(executable.parent), os.environ.get("PATH", os.defpath)])
    with attached({"kubernetes": ManifestsProvider(directory)}) as providers:
        stack = auto.create_or_select_stack(
            "dev",
            "bench",
            program,
            opts=auto.LocalWorkspaceOptions(
                env_vars={"PULUMI_DEBUG_PROVIDERS": providers, "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true"}
            ),
        )
        if operation == "preview":
            stack.preview(refresh=True)
        elif operation == "destroy":
            stack.destroy()
        else:
            stack.up(refresh=True)


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:]))
