"""A stack whose Secrets an operator makes in the cluster: nobody here needs, or reads, a value."""

from __future__ import annotations

from tests.functional.commandline import Kusion, lines

ONLY = """\
class Shop(AppConfiguration):
    workload = Service(
        containers={"web": Container(image="shop:1", env={"KEY": Secret("stripe", key="api-key")})},
    )
"""
MIXED = """\
class Shop(AppConfiguration):
    workload = Service(
        containers={"web": Container(image="shop:1", env={"KEY": Secret("stripe", key="api-key")})},
        secrets={"token": SecretSpec(type="basic", data={"username": "ada", "password": Secret("token", key="p")})},
    )
"""
SECRET, EXTERNAL = "v1:Secret:shop:shop-dev-shop-env", "external-secrets.io/v1:ExternalSecret:shop:shop-dev-shop-env"
STORE = "secretStore: {provider: {env: {}}}\n"
FILES = f"{STORE}context: {{target: manifests}}\n"
OPERATOR = f"""\
{STORE}context:
  target: {{kind: manifests, secrets: external, store: {{name: vault, kind: ClusterSecretStore}}}}
"""


def use(kusion: Kusion, workspace: str) -> None:
    kusion.write({"workspace.yaml": workspace})
    kusion.done("workspace", "update", "default", "-f", "workspace.yaml")


def changed(kusion: Kusion, *arguments: str) -> dict[str, str]:
    """The operations of a preview that change something, by id."""
    changes = kusion.done("preview", "-w", "dev", "-o", "json", *arguments).document["changes"]
    return {each["id"]: each["operation"] for each in changes if each["operation"] != "same"}


def test_a_stack_is_generated_and_applied_without_a_value(kusion: Kusion) -> None:
    kusion.stack(ONLY)
    use(kusion, OPERATOR.replace(STORE, ""))

    first = kusion.done("generate", "-w", "dev")
    again = kusion.done("generate", "-w", "dev")
    applied = kusion.done("apply", "-w", "dev", "--yes")

    assert first.out == again.out and first.err == applied.err.partition("created")[0] == ""
    assert kusion.live[EXTERNAL]["spec"]["data"] == [
        {"secretKey": "web.KEY", "remoteRef": {"key": "stripe", "property": "api-key"}}
    ]
    assert SECRET not in kusion.live


def test_another_mode_exchanges_the_objects_and_a_rollback_brings_them_back(kusion: Kusion) -> None:
    kusion.stack(ONLY)
    kusion.environment["STRIPE_API_KEY"] = "sk-0123456789"
    use(kusion, FILES)
    kusion.done("apply", "-w", "dev", "--yes")
    del kusion.environment["STRIPE_API_KEY"]
    use(kusion, OPERATOR)

    previewed = changed(kusion)
    kusion.done("apply", "-w", "dev", "--yes")
    refused = kusion("rollback", "-w", "dev", "--yes")
    kusion.environment["STRIPE_API_KEY"] = "sk-0123456789"
    kusion.done("rollback", "-w", "dev", "--yes")

    assert previewed == {EXTERNAL: "create", SECRET: "delete"}
    assert refused.code == 1 and "STRIPE_API_KEY" in refused.err, "what is to be a file again needs its value"
    assert SECRET in kusion.live and EXTERNAL not in kusion.live
    assert changed(kusion) == {EXTERNAL: "create", SECRET: "delete"}


def test_what_has_other_values_stays_a_file_and_is_told_with_its_line(kusion: Kusion) -> None:
    kusion.stack(MIXED)
    use(kusion, OPERATOR)

    result = kusion.done("generate", "-w", "dev")

    assert "id: v1:Secret:shop:token" in result.out and f"id: {EXTERNAL}" in result.out
    assert result.err == lines(
        """
        warning: dev/app.py:9: data.username of v1:Secret:shop:token is a secret in plain text
          keep it in a secret store and write Secret("name", key="...")
        warning: Secrets with values that are not in the secret store stay files, which are not to be committed
          dev/app.py:9: v1:Secret:shop:token: data.username
          keep these values in the store, or apply the directory of Secrets by hand: kubectl apply -k
        """
    )


def test_why_names_the_line_of_a_value(kusion: Kusion) -> None:
    kusion.stack(ONLY)
    use(kusion, OPERATOR)
    assert "dev/app.py:8 (shop.workload)" in kusion.done("why", EXTERNAL, "spec.data[0]", "-w", "dev").out
