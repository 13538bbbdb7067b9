"""The reference: the applications of :func:`tests.bench.projects.write_project`, written with cdk8s for Python.

``python cdk8s_program.py APPS DIRECTORY`` writes their manifests to ``DIRECTORY/app.k8s.yaml``. It is run by the Python
of the dependency group ``peers``, and uses the classes of Kubernetes' own objects, as ``cdk8s import k8s`` makes them.
"""

from __future__ import annotations

import sys

from cdk8s import App, Chart, YamlOutputType
from cdk8s_plus_33 import k8s


def main(apps: int, directory: str) -> None:
    """A Namespace, and a Deployment and a Service for each application."""
    app = App(outdir=directory, yaml_output_type=YamlOutputType.FILE_PER_APP)
    chart = Chart(app, "app")
    k8s.KubeNamespace(chart, "namespace", metadata=k8s.ObjectMeta(name="bench"))
    for number in range(apps):
        labels = {"app.kubernetes.io/name": f"app-{number}", "app.kubernetes.io/part-of": "bench"}
        name = f"bench-dev-app-{number}"
        _deployment(chart, number, name, labels)
        _service(chart, number, f"{name}-private", labels)
    app.synth()


def _deployment(chart: Chart, number: int, name: str, labels: dict[str, str]) -> None:
    container = k8s.Container(
        name="web",
        image=f"ghcr.io/acme/app-{number}:1.4.2",
        env=[k8s.EnvVar(name="LOG_LEVEL", value="info"), k8s.EnvVar(name="NUMBER", value=str(number))],
        resources=k8s.ResourceRequirements(
            limits={"cpu": k8s.Quantity.from_string("1"), "memory": k8s.Quantity.from_string("64Mi")},
            requests={"cpu": k8s.Quantity.from_string("250m")},
        ),
        readiness_probe=k8s.Probe(
            http_get=k8s.HttpGetAction(path="/healthz", port=k8s.IntOrString.from_number(8080), scheme="HTTP")
        ),
    )
    k8s.KubeDeployment(
        chart,
        f"deployment-{number}",
        metadata=k8s.ObjectMeta(name=name, namespace="bench", labels=labels),
        spec=k8s.DeploymentSpec(
            replicas=2,
            selector=k8s.LabelSelector(match_labels=labels),
            template=k8s.PodTemplateSpec(
                metadata=k8s.ObjectMeta(labels=labels), spec=k8s.PodSpec(containers=[container])
            ),
        ),
    )


def _service(chart: Chart, number: int, name: str, labels: dict[str, str]) -> None:
    port = k8s.ServicePort(
        name=f"{name}-8080-tcp", port=8080, protocol="TCP", target_port=k8s.IntOrString.from_number(8080)
    )
    k8s.KubeService(
        chart,
        f"service-{number}",
        metadata=k8s.ObjectMeta(name=name, namespace="bench", labels=labels),
        spec=k8s.ServiceSpec(type="ClusterIP", selector=labels, ports=[port]),
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
