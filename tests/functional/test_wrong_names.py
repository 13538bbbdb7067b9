"""Names that Kubernetes would refuse, and secrets where anybody could read them: told before anything is applied."""

from __future__ import annotations

import pytest

from tests.functional.commandline import Kusion, lines

NAMES = [
    pytest.param(
        """
        class Shop(AppConfiguration):
            name = "Web_Shop"
            workload = Service(containers={"web": Container(image="shop:1")})
        """,
        """
        error: dev/app.py:6: the name 'Web_Shop' of the application is not a DNS label: use lower-case letters, digits and '-', with a letter or digit at both ends
          set name = "..."
        """,
        id="application",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            name = "ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss"
            workload = Service(containers={"web": Container(image="shop:1")})
        """,
        """
        error: dev/app.py:6: the name 'ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss' of the application has 64 characters, at most 63 fit
          set name = "..."
        """,
        id="application, too long",
    ),
    pytest.param(
        """
        class Ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss(AppConfiguration):
            workload = Service(containers={"web": Container(image="shop:1")})
        """,
        """
        error: dev/app.py:6: the name 'ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss' of the application has 64 characters, at most 63 fit
          set name = "..."
        """,
        id="application, by its class",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            name = ""
            workload = Service(containers={"web": Container(image="shop:1")})
        """,
        """
        error: dev/app.py:6: the name '' of the application is empty
          set name = "..."
        """,
        id="application, empty",
    ),
    pytest.param(
        """
        app = AppConfiguration(name="shop.web", workload=Service(containers={"web": Container(image="shop:1")}))
        """,
        """
        error: dev/app.py:6: the name 'shop.web' of the application is not a DNS label: use lower-case letters, digits and '-', with a letter or digit at both ends
          set name = "..."
        """,
        id="application, by code",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd = Postgres(version="16")
        """,
        """
        error: dev/app.py:7: the name 'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd' of an accessory of shop has 64 characters, at most 63 fit
          rename it
        """,
        id="accessory, too long",
    ),
    pytest.param(
        """
        app = AppConfiguration(
            name="shop",
            accessories={
                "my database": Postgres(version="16"),
            },
        )
        """,
        """
        error: dev/app.py:9: the name 'my database' of an accessory of shop is not a DNS label: use lower-case letters, digits and '-', with a letter or digit at both ends
          rename it
        """,
        id="accessory, by code",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            my_db = Postgres(version="16")
            myDb = Postgres(version="16")
        """,
        """
        error: dev/app.py:7: the accessories 'myDb' and 'my_db' of shop would have the same resources
          rename one of them
        """,
        id="accessories, spelled differently",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = Service(
                containers={
                    "Web_1": Container(image="shop:1"),
                },
            )
        """,
        """
        error: dev/app.py:7: Service is not valid
          containers.Web_1: 'Web_1' is not a DNS label: use lower-case letters, digits and '-', with a letter or digit at both ends (line 9)
        """,
        id="container",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = Service(containers={"wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww": Container(image="shop:1")})
        """,
        """
        error: dev/app.py:7: Service is not valid
          containers.wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww: 'wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww' has 64 characters, at most 63 fit
        """,
        id="container, too long",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = Service(
                containers={"web": Container(image="shop:1")},
                secrets={"Git_Hub": SecretSpec(type="token")},
            )
        """,
        """
        error: dev/app.py:7: Service is not valid
          secrets.Git_Hub: 'Git_Hub' is no name of a Kubernetes object: use at most 253 lower-case letters, digits, '-' and '.', with a letter or digit at both ends (line 9)
        """,
        id="secret",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = Service(containers={"web": Container(image="shop:1", env={"1ST": "a"})})
        """,
        """
        error: dev/app.py:7: Container is not valid
          env["1ST"]: a variable is named by letters, digits, '_', '-' and '.', and does not begin with a digit
        """,
        id="variable",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = Service(containers={"web": Container(image="shop:1")}, labels={"team": "the a team"})
        """,
        """
        error: dev/app.py:7: Service is not valid
          labels.team: 'the a team' is no value of a label: use at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends
        """,
        id="label",
    ),
]

SECRETS = [
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = Service(containers={"web": Container(image="shop:1", args=[f"--key={Secret('stripe')}"])})
        """,
        """
        error: dev/app.py:7: a secret would be readable in spec.template.spec.containers[0].args[0] of apps/v1:Deployment:shop:shop-dev-shop
          put it into a container's env, where it is kept in a generated Secret
        """,
        id="in arguments",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = Service(containers={"web": Container(image="shop:1")}, labels={"key": Secret("stripe")})
        """,
        """
        error: dev/app.py:7: a secret would be readable in metadata.labels.key of apps/v1:Deployment:shop:shop-dev-shop
          put it into a container's env, where it is kept in a generated Secret
        error: dev/app.py:7: a secret would be readable in spec.template.metadata.labels.key of apps/v1:Deployment:shop:shop-dev-shop
          put it into a container's env, where it is kept in a generated Secret
        """,
        id="in a label",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = Service(
                containers={
                    "web": Container(
                        image="shop:1",
                        files={"/etc/shop/key": FileSpec(content=Secret("stripe"))},
                    ),
                },
            )
        """,
        """
        error: dev/app.py:11: a secret would be readable in data.key of v1:ConfigMap:shop:shop-dev-shop-web-0
          put it into a container's env, where it is kept in a generated Secret
        """,
        id="in a file",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            database = Postgres(version="16")
            workload = Service(containers={"web": Container(image="shop:1", args=[database.url])})
        """,
        """
        error: dev/app.py:8: a secret would be readable in spec.template.spec.containers[0].args[0] of apps/v1:Deployment:shop:shop-dev-shop
          put it into a container's env, where it is kept in a generated Secret
        """,
        id="a secret output in arguments",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = Service(containers={"web": Container(image="shop:1", env={"KEY": "Bearer " + secret_ref("stripe", key="key")})})
        """,
        """
        error: dev/app.py:7: a secret_ref stands in spec.template.spec.containers[0].env[0].value of apps/v1:Deployment:shop:shop-dev-shop
          it can be the whole value of an environment variable, nothing else
        """,
        id="a secret_ref within a text",
    ),
]


@pytest.mark.parametrize(("app", "error"), NAMES)
def test_a_name_that_does_not_fit_is_refused(kusion: Kusion, app: str, error: str) -> None:
    kusion.stack(app)
    assert kusion.refused("apply", "-w", "dev", "--yes") == lines(error)


@pytest.mark.parametrize(("app", "error"), SECRETS)
def test_a_secret_that_would_be_readable_is_refused(kusion: Kusion, app: str, error: str) -> None:
    kusion.stack(app)
    assert kusion.refused("apply", "-w", "dev", "--yes") == lines(error)


@pytest.mark.parametrize("name", ["s" * 63, "a", "3-b"])
def test_a_name_that_fits_is_kept(kusion: Kusion, name: str) -> None:
    kusion.stack(f"app = AppConfiguration(name='{name}', workload=Service(containers={{'web': Container(image='x')}}))")
    [deployment] = (each for id, each in kusion.generate().items() if id.startswith("apps/v1:Deployment:"))
    assert deployment["attributes"]["metadata"]["labels"]["app.kubernetes.io/name"] == name


def test_a_derived_name_that_is_too_long_is_shortened_in_the_same_way_each_time(kusion: Kusion) -> None:
    kusion.stack("app = AppConfiguration(name='s' * 60, accessories={'d' * 60: Postgres(version='16')})")
    names = [each["attributes"]["metadata"]["name"] for id, each in kusion.generate().items() if "Deployment" in id]
    assert names == [each["attributes"]["metadata"]["name"] for id, each in kusion.generate().items() if "Deploy" in id]
    assert all(len(name) <= 63 for name in names)
