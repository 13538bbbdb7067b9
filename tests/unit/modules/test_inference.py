"""A large language model in the cluster."""

import shlex
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl import AppConfiguration, Secret
from kusion_dsl.compiler.inputs import Compiled
from kusion_dsl.errors import AppError, CompileError, WorkspaceError
from kusion_inference import Inference
from kusion_inference.ollama import command
from kusion_postgres import Postgres
from kusion_service import Container, Service

Manifests = Callable[..., dict[str, Any]]
WORKLOAD = Service(containers={"web": Container(image="x")})
SERVER = "apps/v1:Deployment:shop:shop-dev-shop-ollama-infer-deployment"
PROXY = "apps/v1:Deployment:shop:shop-dev-shop-proxy-infer-deployment"


def script(inference: Inference) -> str:
    """What the container's shell gets: the command after Kubernetes has read it."""
    shell, flag, text = command(inference)
    assert [shell, flag] == ["/bin/sh", "-c"]
    assert "$(" not in text.replace("$$", "")
    return text.replace("$$", "$")


def test_a_server_and_a_proxy(manifests: Manifests) -> None:
    found = manifests(WORKLOAD, inference=Inference(model="llama3"))
    server = {"accessory": "shop-dev-shop-ollama"}
    proxy = {"accessory": "shop-dev-shop-proxy"}
    assert found[SERVER] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "shop-dev-shop-ollama-infer-deployment", "namespace": "shop"},
        "spec": {
            "selector": {"matchLabels": server},
            "template": {
                "metadata": {"labels": server},
                "spec": {
                    "containers": [
                        {
                            "name": "ollama-infer-container",
                            "image": "ollama/ollama",
                            "command": [
                                "/bin/sh",
                                "-c",
                                "echo 'FROM llama3\nPARAMETER top_k 40\nPARAMETER top_p 0.900000\n"
                                "PARAMETER temperature 0.800000\nPARAMETER num_predict 128\nPARAMETER num_ctx 2048\n"
                                "' > Modelfile && ollama serve & OLLAMA_SERVE_PID=$! && sleep 5 && "
                                "ollama create llama3 -f Modelfile && wait $OLLAMA_SERVE_PID",
                            ],
                            "ports": [{"name": "ollama-port", "containerPort": 11434}],
                            "volumeMounts": [{"name": "ollama-infer-storage", "mountPath": "/root/.ollama"}],
                        }
                    ],
                    "volumes": [{"name": "ollama-infer-storage", "emptyDir": {}}],
                },
            },
        },
    }
    assert found[PROXY]["spec"]["template"] == {
        "metadata": {"labels": proxy},
        "spec": {
            "containers": [
                {
                    "name": "proxy-infer-container",
                    "image": "kangy126/proxy",
                    "ports": [{"name": "proxy-port", "containerPort": 5000}],
                    "env": [
                        {"name": "MODEL", "value": "llama3"},
                        {"name": "FRAMEWORK_URL", "value": "shop-dev-shop-ollama-infer-service"},
                    ],
                }
            ]
        },
    }
    for part, labels, port in (("ollama", server, 11434), ("proxy", proxy, 5000)):
        service = found[f"v1:Service:shop:shop-dev-shop-{part}-infer-service"]
        assert service["metadata"]["labels"] == labels
        assert service["spec"] == {
            "type": "ClusterIP",
            "selector": labels,
            "ports": [{"port": 80, "targetPort": port}],
        }


def test_the_workload_is_told_where_to_ask(manifests: Manifests) -> None:
    inference = Inference(model="llama3")
    workload = WORKLOAD.override(containers={"web": {"env": {"HOST": inference.host, "URL": inference.url}}})
    container = manifests(workload, inference=inference)["apps/v1:Deployment:shop:shop-dev-shop"]["spec"]["template"][
        "spec"
    ]["containers"][0]
    assert container["env"] == [
        {"name": "INFERENCE_URL", "value": "shop-dev-shop-proxy-infer-service"},
        {"name": "HOST", "value": "shop-dev-shop-proxy-infer-service"},
        {"name": "URL", "value": "http://shop-dev-shop-proxy-infer-service"},
    ]


def test_it_needs_no_workload(manifests: Manifests) -> None:
    assert SERVER in manifests(inference=Inference(model="llama3"))


def test_two_models_of_one_application_have_everything_of_their_own(manifests: Manifests) -> None:
    found = manifests(WORKLOAD, inference=Inference(model="llama3"), small_one=Inference(model="qwen"))
    alone = manifests(WORKLOAD, inference=Inference(model="llama3"))
    assert {id: found[id] for id in alone if "infer" in id} == {id: alone[id] for id in alone if "infer" in id}
    env = found["apps/v1:Deployment:shop:shop-dev-shop"]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env == [
        {"name": "INFERENCE_URL", "value": "shop-dev-shop-proxy-infer-service"},
        {"name": "INFERENCE_URL_SMALL_ONE", "value": "shop-dev-shop-small-one-proxy-infer-service"},
    ]


def test_no_service_leads_to_anothers_pods(compile_apps: Callable[..., Compiled]) -> None:
    apps = [
        AppConfiguration(name=name, workload=WORKLOAD, accessories={"inference": Inference(model=model)})
        for name, model in (("a", "llama3"), ("b", "qwen"))
    ]
    resources = [each.attributes for each in compile_apps(*apps).spec.resources]
    pods = [each["spec"]["template"]["metadata"]["labels"] for each in resources if each["kind"] == "Deployment"]
    for service in (each["spec"]["selector"] for each in resources if each["kind"] == "Service"):
        assert len([labels for labels in pods if service.items() <= labels.items()]) == 1


def test_the_platform_sets_any_field_by_its_name_and_wins(manifests: Manifests) -> None:
    decided = {
        "model": "qwen",
        "framework": "Ollama",
        "system": "Be brief.",
        "template": "{{ .Prompt }}",
        "top_k": 5,
        "top_p": 1,
        "temperature": 0.25,
        "num_predict": -2,
        "num_ctx": 4096,
    }
    written = Inference(model="llama3", system="Be long.", top_k=50, temperature=1)
    found = manifests(WORKLOAD, policies={"inference": decided}, inference=written)[SERVER]
    assert found["spec"]["template"]["spec"]["containers"][0]["command"][2].startswith(
        'echo \'FROM qwen\nSYSTEM """Be brief."""\nTEMPLATE """{{ .Prompt }}"""\n'
        "PARAMETER top_k 5\nPARAMETER top_p 1.000000\nPARAMETER temperature 0.250000\n"
        "PARAMETER num_predict -2\nPARAMETER num_ctx 4096\n' > Modelfile && "
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"framework": "KubeRay"}, "framework: Input should be 'Ollama'"),
        ({"model": "llama3; reboot"}, "is no name of a model"),
        ({"model": "-h"}, "is no name of a model"),
        ({"model": "a\nSYSTEM b"}, "is no name of a model"),
        ({"system": 'a"""\nFROM b'}, "system: "),
        ({"template": '"""'}, "template: "),
        ({"top_k": 0}, "top_k: Input should be greater than 0"),
        ({"top_p": 0}, "top_p: Input should be greater than 0"),
        ({"top_p": 1.1}, "top_p: Input should be less than or equal to 1"),
        ({"temperature": 0}, "temperature: Input should be greater than 0"),
        ({"temperature": float("inf")}, "temperature: Input should be a finite number"),
        ({"num_predict": -3}, "num_predict: Input should be greater than or equal to -2"),
        ({"num_ctx": 0}, "num_ctx: Input should be greater than 0"),
    ],
)
def test_what_is_not_valid_is_refused_wherever_it_is_written(
    manifests: Manifests, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(AppError) as caught:
        Inference(**{"model": "llama3", **fields})
    assert message in str(caught.value)
    with pytest.raises(WorkspaceError) as refused:
        manifests(WORKLOAD, policies={"inference": fields}, inference=Inference(model="llama3"))
    assert message in str(refused.value)


@pytest.mark.parametrize("field", ["model", "system", "template"])
@pytest.mark.parametrize("value", [Secret("prompt"), Postgres(version="16").host])
def test_what_is_known_only_later_cannot_stand_in_the_command(manifests: Manifests, field: str, value: str) -> None:
    fields: Mapping[str, Any] = {"model": "llama3", field: f"{value}"}
    with pytest.raises(CompileError, match=f"{field} has an output or a secret in it"):
        manifests(WORKLOAD, inference=Inference(**fields))


TEXTS = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs", "Co"])).filter(
    lambda text: '"""' not in text
)


@given(TEXTS, TEXTS)
def test_texts_are_single_words_of_the_shell(system: str, template: str) -> None:
    inference = Inference(model="llama3", system=system, template=template)
    words = shlex.split(script(inference))
    assert words[0] in ("echo", "printf")
    modelfile = words[1] if words[0] == "echo" else words[2]
    rest = words[words.index(modelfile) + 1 :]
    assert rest[:4] == [">", "Modelfile", "&&", "ollama"]
    assert modelfile.startswith("FROM llama3\n")
    assert not system or f'SYSTEM """{system}"""\n' in modelfile
    assert not template or f'TEMPLATE """{template}"""\n' in modelfile


@pytest.mark.parametrize(
    "system",
    [
        "it's",
        "'; touch pwned; '",
        "$(touch pwned) `touch pwned` ${HOME} $HOME $$ $(KUBERNETES_SERVICE_HOST)",
        r"a\nb\c \\ %s",
        'say "yes"',
        "line\nline",
        "-n",
    ],
)
def test_a_shell_writes_them_as_they_are(tmp_path: Path, system: str) -> None:
    write = script(Inference(model="llama3", system=system)).partition(" && ollama serve")[0]
    subprocess.run(["/bin/sh", "-c", write], cwd=tmp_path, check=True)
    assert f'SYSTEM """{system}"""\n' in (tmp_path / "Modelfile").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["Modelfile"]
