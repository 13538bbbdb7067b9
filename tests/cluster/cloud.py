"""What a cloud's controllers do and no controller of the control plane does: volumes for claims, addresses for services.

``python -m tests.cluster.cloud CONTROLLER KUBECONFIG`` runs one of them until it is ended.
"""

from __future__ import annotations

import ipaddress
import logging
import sys
from collections.abc import Callable, Mapping
from functools import partial

from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ApiError
from lightkube.models.core_v1 import (
    HostPathVolumeSource,
    LoadBalancerIngress,
    LoadBalancerStatus,
    ObjectReference,
    PersistentVolumeSpec,
    ServiceStatus,
)
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import PersistentVolume, PersistentVolumeClaim, Service
from lightkube.types import PatchType, on_error_retry

CLASS = "standard"
_MANAGER = "testbed-cloud"
_FIRST_ADDRESS = ipaddress.IPv4Address("198.51.100.1")  # TEST-NET-2 of RFC 5737: nobody's

_log = logging.getLogger("cloud")


class Cloud:
    """The controllers, through one client."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._addresses = 0

    def volumes(self) -> None:
        """Give every claim of our class a volume of its size."""
        for _, claim in self._client.watch(PersistentVolumeClaim, namespace="*", on_error=on_error_retry):
            if claim.status is not None and claim.status.phase == "Bound":
                continue
            if claim.spec is not None and claim.spec.storageClassName == CLASS and claim.metadata is not None:
                self._tolerating(partial(self._volume, claim))

    def releases(self) -> None:
        """Delete every volume of our class whose claim is gone, as its reclaim policy says."""
        for _, volume in self._client.watch(PersistentVolume, on_error=on_error_retry):
            if volume.spec is None or volume.status is None or volume.metadata is None:
                continue
            if volume.spec.storageClassName == CLASS and volume.status.phase == "Released":
                self._tolerating(partial(self._client.delete, PersistentVolume, str(volume.metadata.name)))

    def addresses(self) -> None:
        """Give every Service of type LoadBalancer an address of its own."""
        for _, service in self._client.watch(Service, namespace="*", on_error=on_error_retry):
            given = service.status and service.status.loadBalancer and service.status.loadBalancer.ingress
            if service.spec is not None and service.spec.type == "LoadBalancer" and not given:
                self._tolerating(partial(self._address, service))

    def _volume(self, claim: PersistentVolumeClaim) -> None:
        assert claim.metadata is not None and claim.spec is not None and claim.spec.resources is not None
        name = f"pv-{claim.metadata.uid}"
        reference = ObjectReference(
            apiVersion="v1",
            kind="PersistentVolumeClaim",
            name=claim.metadata.name,
            namespace=claim.metadata.namespace,
            uid=claim.metadata.uid,
        )
        spec = PersistentVolumeSpec(
            accessModes=claim.spec.accessModes,
            capacity=claim.spec.resources.requests,
            claimRef=reference,
            hostPath=HostPathVolumeSource(path=f"/nowhere/{name}"),
            persistentVolumeReclaimPolicy="Delete",
            storageClassName=CLASS,
        )
        self._client.apply(PersistentVolume(metadata=ObjectMeta(name=name), spec=spec), field_manager=_MANAGER)

    def _address(self, service: Service) -> None:
        assert service.metadata is not None and service.metadata.name is not None
        self._addresses += 1
        ingress = LoadBalancerIngress(ip=str(_FIRST_ADDRESS + self._addresses))
        status = ServiceStatus(loadBalancer=LoadBalancerStatus(ingress=[ingress]))
        self._client.patch(
            Service.Status,
            service.metadata.name,
            Service.Status(status=status),
            namespace=service.metadata.namespace,
            patch_type=PatchType.MERGE,
        )

    def _tolerating(self, act: Callable[[], None]) -> None:
        """What was deleted or changed meanwhile comes, or came, with an event of its own."""
        try:
            act()
        except ApiError as error:
            _log.warning("%s", error)


CONTROLLERS: Mapping[str, Callable[[Cloud], None]] = {
    "volumes": Cloud.volumes,
    "releases": Cloud.releases,
    "addresses": Cloud.addresses,
}


def main(controller: str, kubeconfig: str) -> None:
    """Run one of the controllers until the process is ended.

    Each is a process: msgspec, with which lightkube reads objects, crashes where two threads meet a type first.
    """
    logging.basicConfig(level=logging.INFO)
    CONTROLLERS[controller](Cloud(Client(KubeConfig.from_file(kubeconfig).get())))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
