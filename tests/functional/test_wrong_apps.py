"""Applications that cannot be: what they are made of is not named, not known, or not an application."""

from __future__ import annotations

import pytest

from tests.functional.commandline import Kusion, lines

CASES = [
    pytest.param(
        """
        service = Service(containers={"web": Container(image="shop:1")})
        """,
        """
        error: dev/app.py: no application is bound at the top of this file
          derive a class that is not abstract from AppConfiguration, or import one
        """,
        id="no app",
    ),
    pytest.param(
        """
        class Base(AppConfiguration, abstract=True):
            pass
        """,
        """
        error: dev/app.py: no application is bound at the top of this file
          derive a class that is not abstract from AppConfiguration, or import one
        """,
        id="abstract app only",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = Service(containers={"web": Container(image="shop:1")})


        class Other(AppConfiguration):
            name = "shop"
            workload = Service(containers={"web": Container(image="shop:1")})
        """,
        """
        error: dev/app.py:10: two applications have the name 'shop'
          the other is at dev/app.py:6; set name = "..." in one of them
        """,
        id="two apps of one name",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            database = Postgres(version="16")
            workload = Service(
                containers={"web": Container(image="shop:1", env={"URL": database.ulr})},
            )
        """,
        """
        error: dev/app.py:9: Postgres has no output and no field 'ulr', did you mean 'url'?
        """,
        id="output that does not exist",
    ),
    pytest.param(
        """
        port = Port(port=80)
        colour = port.colour
        """,
        """
        error: dev/app.py:7: Port has no output and no field 'colour', it has port, target_port, protocol, public
        """,
        id="output that is like none",
    ),
    pytest.param(
        """
        lonely = Postgres(version="16")


        class Shop(AppConfiguration):
            workload = Service(containers={"web": Container(image="shop:1", env={"HOST": lonely.host})})
        """,
        """
        error: dev/app.py:10: the output 'host' is one of a component that no application of this stack has
          give that component a name in an application
        """,
        id="output of what no app has",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            database = Postgres(version="16")
            workload = Service(containers={"web": Container(image="shop:1", env={"URL": database.url})})


        class Small(Shop):
            database = None
        """,
        """
        error: dev/app.py:8: shop.database was removed, but its output 'url' is used
          remove the use, or keep database
        """,
        id="output of a removed accessory",
    ),
    pytest.param(
        """
        class Base(AppConfiguration, abstract=True):
            database = Postgres(version="16")


        class One(Base):
            pass


        class Two(Base):
            pass


        class Three(AppConfiguration):
            workload = Service(containers={"web": Container(image="shop:1", env={"HOST": Base.database.host})})
        """,
        """
        error: dev/app.py:19: the output 'host' belongs to both one and two
          take it from a class of only one of them
        """,
        id="output of a component of two apps",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            orders = Postgres(version="16")
            catalogue = orders
        """,
        """
        error: dev/app.py:6: Shop has one component under two names, 'orders' and 'catalogue'
          make the second one of its own: catalogue = orders.override()
        """,
        id="one component under two names",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            wrokload = Service(containers={"web": Container(image="shop:1")})
        """,
        """
        error: dev/app.py:6: Shop.wrokload is a workload under another name
          name it 'workload', or set it from one: workload = Base.workload.override(...)
        """,
        id="workload under another name",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = "web"
        """,
        """
        error: dev/app.py:6: Shop.workload is of the type str, not a workload
          give it one, like Service(containers={...})
        """,
        id="workload is none",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            name = 3
        """,
        """
        error: dev/app.py:6: Shop.name is of the type int, not text
          write name = "..."
        """,
        id="name is no text",
    ),
    pytest.param(
        """
        app = AppConfiguration(name="shop", workload=Postgres(version="16"))
        """,
        """
        error: dev/app.py:6: the workload of shop is of the type Postgres, not a workload
          give it one, like Service(containers={...})
        """,
        id="instance with a wrong workload",
    ),
    pytest.param(
        """
        app = AppConfiguration(name="shop", accessories={"web": Service(containers={"web": Container(image="shop:1")})})
        """,
        """
        error: dev/app.py:6: the accessory 'web' of shop is of the type Service
          accessories={...} takes accessories only; what runs is given as workload=...
        """,
        id="instance with a wrong accessory",
    ),
    pytest.param(
        """
        app = AppConfiguration(name="shop", accessories={"workload": Postgres(version="16")})
        """,
        """
        error: dev/app.py:6: the accessory 'workload' of shop is no name of an accessory
          accessories={...} takes accessories only; what runs is given as workload=...
        """,
        id="instance with an accessory named workload",
    ),
    pytest.param(
        """
        app = AppConfiguration(name=None)
        """,
        """
        error: dev/app.py:6: the name of the application is of the type NoneType, not text
          write name="..."
        """,
        id="instance without text as its name",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = Service(containers={"web": Container(image="shop:1")})


        app = Shop(name="shop")
        """,
        """
        error: dev/app.py:10: the class Shop is an application itself, and cannot be called
          remove the call; to build one by code write AppConfiguration(name=..., workload=...)
        """,
        id="instance of a class",
    ),
    pytest.param(
        """
        app = AppConfiguration(name="shop", acessories={})
        """,
        """
        error: dev/app.py:6: this fails: TypeError: AppConfiguration.__init__() got an unexpected keyword argument 'acessories'
          correct this line; nothing was changed
        """,
        id="instance with a keyword that there is not",
    ),
    pytest.param(
        """
        key = Secret("")
        """,
        """
        error: dev/app.py:6: a secret needs a name
        """,
        id="secret without a name",
    ),
    pytest.param(
        """
        a = option("tag", default="1")
        b = option("tag", default="2")
        """,
        """
        error: dev/app.py:7: option 'tag' is declared with two defaults, '1' and '2'
          the other declaration is at dev/app.py:6
        """,
        id="option twice",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = Service(containers={"web": Container(image=option("image"))})
        """,
        """
        error: dev/app.py:7: option 'image' needs a value
          set it with --set image=VALUE
        """,
        id="required option",
    ),
]


@pytest.mark.parametrize(("app", "error"), CASES)
@pytest.mark.parametrize("command", ["generate", "apply"])
def test_it_is_told_what_is_wrong(kusion: Kusion, command: str, app: str, error: str) -> None:
    kusion.stack(app)
    arguments = ["--yes"] if command == "apply" else []
    assert kusion.refused(command, "-w", "dev", *arguments) == lines(error)
