"""What developers write, and what it becomes: classes, overrides, instances, outputs, options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.functional.commandline import DEPLOYMENT, SHOP, Kusion, lines
from tests.functional.distributions import ECHO, Distributions

BASE = """\
from kusion_dsl import AppConfiguration, Secret, option
from kusion_network import Network, Port
from kusion_postgres import Postgres
from kusion_service import Container, Service


class Shop(AppConfiguration):
    database = Postgres(version="16")
    workload = Service(
        containers={
            "web": Container(image="shop:1", env={"URL": database.url, "HOST": database.host, "LEVEL": "info"}),
            "metrics": Container(image="metrics:1"),
        },
        labels={"team": "a"},
        replicas=2,
    )
"""


def derived(kusion: Kusion, app: str, base: str = BASE) -> None:
    """Write a stack whose ``app.py`` says ``from ..base import Shop`` and then ``app``."""
    kusion.stack()
    kusion.write(
        {
            "base.py": base,
            "dev/app.py": f"from kusion_dsl import AppConfiguration\nfrom ..base import Shop\n\n\n{lines(app)}",
        }
    )


def pod(resources: Mapping[str, Any], id: str = DEPLOYMENT) -> dict[str, Any]:
    """The containers of a Deployment by name, their environments as mappings."""
    containers = resources[id]["attributes"]["spec"]["template"]["spec"]["containers"]
    return {
        each["name"]: {
            **each,
            "env": {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in each.get("env", [])},
        }
        for each in containers
    }


def test_a_class_is_an_application(kusion: Kusion) -> None:
    kusion.stack()
    assert list(kusion.generate()) == ["v1:Namespace:shop", DEPLOYMENT]


def test_an_imported_class_is_an_application(kusion: Kusion) -> None:
    derived(kusion, "")
    assert DEPLOYMENT in kusion.generate()


def test_an_override_changes_what_it_names_and_nothing_else(kusion: Kusion) -> None:
    derived(kusion, "")
    before = kusion.generate()
    derived(
        kusion,
        """
        class Production(Shop):
            workload = Shop.workload.override(
                replicas=6,
                labels={"tier": "gold"},
                containers={"web": {"env": {"LEVEL": "debug", "HOST": None}}, "metrics": None},
            )
        """,
    )
    after = kusion.generate()
    spec = after[DEPLOYMENT]["attributes"]["spec"]
    assert spec["replicas"] == 6
    assert {key: spec["template"]["metadata"]["labels"][key] for key in ("team", "tier")} == {
        "team": "a",
        "tier": "gold",
    }
    old, new = pod(before), pod(after)
    assert list(new) == ["web"]
    assert new["web"]["image"] == "shop:1"
    assert new["web"]["env"] == {**{k: v for k, v in old["web"]["env"].items() if k != "HOST"}, "LEVEL": "debug"}
    unchanged = {id for id in before if "database" in id}
    assert unchanged
    assert {id: after[id] for id in unchanged} == {id: before[id] for id in unchanged}


def test_none_removes_a_field(kusion: Kusion) -> None:
    derived(kusion, "class Production(Shop):\n    workload = Shop.workload.override(replicas=None)\n")
    assert "replicas" not in kusion.generate()[DEPLOYMENT]["attributes"]["spec"]


def test_none_removes_an_accessory(kusion: Kusion) -> None:
    base = BASE.replace('"URL": database.url, "HOST": database.host, ', "")
    derived(kusion, "class Small(Shop):\n    database = None\n", base)
    assert list(kusion.generate()) == ["v1:Namespace:shop", DEPLOYMENT]


def test_the_base_stays_as_it_is(kusion: Kusion) -> None:
    derived(
        kusion,
        """
        class One(Shop):
            name = "one"
            workload = Shop.workload.override(labels={"team": "b"})


        class Two(Shop):
            name = "two"
        """,
    )
    resources = kusion.generate()
    teams = {
        app: resources[f"apps/v1:Deployment:shop:shop-dev-{app}"]["attributes"]["metadata"]["labels"]["team"]
        for app in ("one", "two")
    }
    assert teams == {"one": "b", "two": "a"}


def test_only_leaf_classes_are_applications(kusion: Kusion) -> None:
    derived(kusion, "class Middle(Shop):\n    pass\n\n\nclass Leaf(Middle):\n    pass\n")
    assert [id for id in kusion.generate() if id == DEPLOYMENT or "web" in id] == [DEPLOYMENT]


def test_the_name_is_that_of_the_topmost_class(kusion: Kusion) -> None:
    derived(kusion, "class Production(Shop):\n    pass\n")
    assert DEPLOYMENT in kusion.generate()


def test_an_abstract_base_gives_no_name_and_is_no_application(kusion: Kusion) -> None:
    derived(
        kusion,
        "class WebShop(Shop):\n    pass\n\n\nclass BackOffice(Shop):\n    pass\n",
        BASE.replace("class Shop(AppConfiguration)", "class Shop(AppConfiguration, abstract=True)"),
    )
    workloads = [each["id"] for each in kusion.generate().values() if each.get("workload")]
    assert workloads == ["apps/v1:Deployment:shop:shop-dev-back-office", "apps/v1:Deployment:shop:shop-dev-web-shop"]


def test_a_name_that_is_set_is_the_name(kusion: Kusion) -> None:
    derived(kusion, 'class Production(Shop):\n    name = "store"\n')
    assert "apps/v1:Deployment:shop:shop-dev-store" in kusion.generate()


def test_the_same_built_by_code(kusion: Kusion) -> None:
    derived(kusion, "")
    written = kusion.generate()
    kusion.stack(
        """
        database = Postgres(version="16")
        app = AppConfiguration(
            name="shop",
            workload=Service(
                containers={
                    "web": Container(
                        image="shop:1", env={"URL": database.url, "HOST": database.host, "LEVEL": "info"}
                    ),
                    "metrics": Container(image="metrics:1"),
                },
                labels={"team": "a"},
                replicas=2,
            ),
            accessories={"database": database},
        )
        """
    )
    assert kusion.generate() == written


def test_several_instances(kusion: Kusion) -> None:
    kusion.stack(
        """
        one, two = (
            AppConfiguration(name=name, workload=Service(containers={"web": Container(image=f"{name}:1")}))
            for name in ("one", "two")
        )
        """
    )
    workloads = [each["id"] for each in kusion.generate().values() if each.get("workload")]
    assert workloads == ["apps/v1:Deployment:shop:shop-dev-one", "apps/v1:Deployment:shop:shop-dev-two"]


def test_constants_and_shared_parts_are_the_authors_own_business(kusion: Kusion) -> None:
    kusion.stack(
        """
        SIDECAR = Container(image="metrics:1")


        class Shop(AppConfiguration):
            ports = [80, 81]
            sidecar = SIDECAR
            workload = Service(containers={"web": Container(image="shop:1"), "metrics": sidecar})
            network = Network(ports=[Port(port=port) for port in ports])
        """
    )
    resources = kusion.generate()
    assert pod(resources)["metrics"]["image"] == "metrics:1"
    ports = resources["v1:Service:shop:shop-dev-shop-private"]["attributes"]["spec"]["ports"]
    assert [each["port"] for each in ports] == [80, 81]


def test_an_output_follows_the_name_to_what_overrides_it(kusion: Kusion) -> None:
    derived(
        kusion,
        "class Production(Shop):\n    database = Shop.database.override(version='17')\n    workload = Shop.workload.override()\n",
    )
    resources = kusion.generate()
    database = resources["apps/v1:Deployment:shop:shop-dev-shop-database-db-local-deployment"]
    assert database["attributes"]["spec"]["template"]["spec"]["containers"][0]["image"] == "postgres:17"
    assert pod(resources)["web"]["env"]["HOST"] == "shop-dev-shop-database-db-local-service"


def test_an_output_follows_the_name_to_another_object(kusion: Kusion) -> None:
    derived(
        kusion,
        "from kusion_postgres import Postgres\n\n\nclass Production(Shop):\n    database = Postgres(version='18')\n",
    )
    resources = kusion.generate()
    assert pod(resources)["web"]["env"]["HOST"] == "shop-dev-shop-database-db-local-service"


def test_the_output_of_another_application(kusion: Kusion) -> None:
    derived(
        kusion,
        """
        from kusion_service import Container, Service


        class Report(AppConfiguration):
            workload = Service(
                containers={"report": Container(image="report:1", env={"FROM": f"postgres at {Shop.database.host}"})}
            )
        """,
    )
    report = pod(kusion.generate(), "apps/v1:Deployment:shop:shop-dev-report")
    assert report["report"]["env"]["FROM"] == "postgres at shop-dev-shop-database-db-local-service"


def test_outputs_that_are_numbers_are_text_in_a_text(kusion: Kusion) -> None:
    derived(kusion, "", BASE.replace("database.host", 'f"{database.host}:{database.port}"'))
    assert pod(kusion.generate())["web"]["env"]["HOST"] == "shop-dev-shop-database-db-local-service:5432"


def test_a_secret_output_in_a_text_is_lifted_into_a_secret(kusion: Kusion) -> None:
    derived(kusion, "")
    resources = kusion.generate()
    assert pod(resources)["web"]["env"]["URL"] == {"secretKeyRef": {"name": "shop-dev-shop-env", "key": "web.URL"}}
    secret = resources["v1:Secret:shop:shop-dev-shop-env"]["attributes"]["stringData"]["web.URL"]
    password = "${kusion:index:RandomPassword:shop-dev-shop-database#result}"
    assert secret == (
        f"postgresql://kusion_default:{password}@shop-dev-shop-database-db-local-service:5432/shop-dev-shop-database"
    )


def test_an_output_that_is_declared_secret_is_one_whatever_its_value(
    kusion: Kusion, distributions: Distributions
) -> None:
    distributions.module(ECHO.replace('output("What was said.")', 'output("What was said.", secret=True)'))
    kusion.stack(
        """
        from kusion_echo import Echo


        class Shop(AppConfiguration):
            echo = Echo(text="psst")
            workload = Service(containers={"web": Container(image="shop:1", env={"SAID": echo.said})})
        """
    )
    assert "secretKeyRef" in pod(kusion.generate())["web"]["env"]["SAID"]


def test_an_output_of_what_a_component_was_made_from_means_that_component(kusion: Kusion) -> None:
    kusion.stack(
        """
        STANDARD = Postgres(version="16")


        class Shop(AppConfiguration):
            database = STANDARD.override(version="17")
            workload = Service(containers={"web": Container(image="shop:1", env={"HOST": STANDARD.host})})
        """
    )
    assert pod(kusion.generate())["web"]["env"]["HOST"] == "shop-dev-shop-database-db-local-service"


def test_a_secret_of_the_store_in_a_text_is_lifted_into_a_secret(kusion: Kusion) -> None:
    app = 'containers={"web": Container(image="shop:1", env={"AUTH": f"Bearer {Secret(\'stripe\', key=\'api-key\')}"})}'
    kusion.stack(f"class Shop(AppConfiguration):\n    workload = Service({app})\n")
    kusion.write({"default.yaml": "secretStore: {provider: {env: {}}}\n"})
    kusion.done("workspace", "update", "default", "-f", "default.yaml")
    resources = kusion.generate()
    assert pod(resources)["web"]["env"]["AUTH"] == {"secretKeyRef": {"name": "shop-dev-shop-env", "key": "web.AUTH"}}
    stored = resources["v1:Secret:shop:shop-dev-shop-env"]["attributes"]["stringData"]
    assert stored == {"web.AUTH": "Bearer ${ref://stripe#api-key}"}


def test_a_secret_ref_is_a_key_of_a_secret(kusion: Kusion) -> None:
    kusion.stack(
        """
        class Shop(AppConfiguration):
            workload = Service(
                containers={"web": Container(image="shop:1", env={"TOKEN": secret_ref("github", key="token")})},
                secrets={"github": SecretSpec(type="token")},
            )
        """
    )
    resources = kusion.generate()
    assert pod(resources)["web"]["env"]["TOKEN"] == {"secretKeyRef": {"name": "github", "key": "token"}}
    assert "v1:Secret:shop:github" in resources[DEPLOYMENT]["dependsOn"]


def test_a_secret_in_plain_text_is_warned_of(kusion: Kusion) -> None:
    kusion.stack(
        """
        class Shop(AppConfiguration):
            workload = Service(
                containers={"web": Container(image="shop:1")},
                secrets={"stripe": SecretSpec(data={"key": "sk_live"})},
            )
        """
    )
    assert kusion.done("generate", "-w", "dev").err == lines(
        """
        warning: dev/app.py:9: data.key of v1:Secret:shop:stripe is a secret in plain text
          keep it in a secret store and write Secret("name", key="...")
        """
    )


def test_text_that_looks_like_a_reference_is_text(kusion: Kusion) -> None:
    text = "${HOME} $${x} ${v1:Service:a#b} $"
    kusion.stack(
        f"class Shop(AppConfiguration):\n    workload = Service(containers={{'web': Container(image='a', args=[{text!r}])}})\n"
    )
    kusion.done("apply", "-w", "dev", "--yes")
    spec = kusion.done("generate", "-w", "dev", "-o", "json").document
    [argument] = spec["resources"][1]["attributes"]["spec"]["template"]["spec"]["containers"][0]["args"]
    assert argument == "$${HOME} $$${x} $${v1:Service:a#b} $"
    assert spec["resources"][1]["dependsOn"] == ["v1:Namespace:shop"]


@pytest.mark.parametrize(
    ("default", "given", "value"),
    [
        ("'a'", "b=c", "b=c"),
        ("2", "3", 3),
        ("1.5", "2", 2.0),
        ("False", "true", True),
        ("True", "off", False),
        ("'1'", "007", "007"),
    ],
)
def test_an_option_has_the_type_of_its_default(kusion: Kusion, default: str, given: str, value: object) -> None:
    kusion.stack(f"value = option('value', default={default})\nprint(repr(value))\n{SHOP}")
    assert kusion.done("generate", "-w", "dev", "-D", f"value={given}").err == f"{value!r}\n"
    assert kusion.done("generate", "-w", "dev").err == f"{default}\n"


def test_the_last_of_two_values_counts(kusion: Kusion) -> None:
    kusion.stack(SHOP.replace('"shop:1"', "f\"shop:{option('tag', default='1')}\""))
    assert pod(kusion.generate("--set", "tag=2", "-D", "tag=3"))["web"]["image"] == "shop:3"


def test_options_are_listed_with_their_places_even_if_one_has_no_value(kusion: Kusion) -> None:
    kusion.stack(
        """
        class Shop(AppConfiguration):
            workload = Service(
                containers={"web": Container(image=option("image", help="What runs."))},
                replicas=option("copies", default=2),
            )
        """
    )
    assert kusion.done("options", "-w", "dev").out == lines(
        """
        NAME    DEFAULT  HELP        DECLARED
        copies  2                    dev/app.py:9
        image            What runs.  dev/app.py:8
        """
    )
    assert kusion.done("options", "-w", "dev", "-o", "json").document == {
        "version": 1,
        "options": [
            {"name": "copies", "default": 2, "help": "", "declared": "dev/app.py:9"},
            {"name": "image", "default": None, "help": "What runs.", "declared": "dev/app.py:8"},
        ],
    }
    assert "tag" in kusion.refused("options", "-w", "dev", "--set", "tag=1")
    assert pod(kusion.generate("--set", "image=shop:7"))["web"]["image"] == "shop:7"
