"""What an app.py cannot do: every mistake is told with its line and what to do, and changes nothing."""

from __future__ import annotations

import pytest

from tests.functional.commandline import Kusion, lines

CASES = [
    pytest.param(
        """
        class Shop(AppConfiguration):
            database = Postgres(version="16", tpye="local")
        """,
        """
        error: dev/app.py:7: Postgres is not valid
          tpye: unknown field, did you mean 'type'?
        """,
        id="unknown field",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            network = Network(ports=[Port(port=80, colour="red")])
        """,
        """
        error: dev/app.py:7: Port is not valid
          colour: unknown field, known are port, protocol, public, target_port
        """,
        id="unknown field that is like none",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = Service(
                containers={
                    "web": Container(
                        imag="shop:1",
                    ),
                },
            )
        """,
        """
        error: dev/app.py:9: Container is not valid
          image: is required
          imag: unknown field, did you mean 'image'? (line 10)
        """,
        id="unknown field of a part",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = Service(containers={"web": {"image": "shop:1", "agrs": ["a"]}})
        """,
        """
        error: dev/app.py:7: Service is not valid
          containers.web.agrs: unknown field, did you mean 'args'?
        """,
        id="unknown field of a part written as a mapping",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = Service(
                containers={"web": Container(image="shop:1")},
                replicas="many",
            )
        """,
        """
        error: dev/app.py:7: Service is not valid
          replicas: Input should be a valid integer, unable to parse string as an integer (line 9)
        """,
        id="wrong type",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = Service(
                containers={
                    "web": Container(
                        image="shop:1",
                        env={
                            "A": "1",
                            "B": 2,
                        },
                    ),
                },
            )
        """,
        """
        error: dev/app.py:9: Container is not valid
          env.B: Input should be a valid string (line 13)
        """,
        id="wrong type deep inside",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            database = Postgres()
        """,
        """
        error: dev/app.py:7: Postgres is not valid
          version: is required
        """,
        id="missing field",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            database = Postgres(versoin="16", type="remote")
            workload = Service(containers={"web": Container(image="")})
        """,
        """
        error: dev/app.py:7: Postgres is not valid
          version: is required
          type: Input should be 'local' or 'cloud'
          versoin: unknown field, did you mean 'version'?
        error: dev/app.py:8: Container is not valid
          image: an image has a name without white space, like ghcr.io/acme/shop:1.4.2
        """,
        id="two errors in one file",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = Service(containers={"web": Container(image="shop:1")})


        class Production(Shop):
            workload = Shop.workload.override(replcas=6)
        """,
        """
        error: dev/app.py:11: Service is not valid
          replcas: unknown field, did you mean 'replicas'?
        """,
        id="wrong field of an override",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = Service(containers={"web": Container(image="shop:1")})


        class Production(Shop):
            workload = Shop.workload.override(containers={"wob": {"env": {"A": "1"}}})
        """,
        """
        error: dev/app.py:11: Service is not valid
          containers.wob.image: is required
        """,
        id="override of a container that is not there",
    ),
    pytest.param(
        """
        service = Service(containers={"web": Container(image="shop:1")})
        service.replicas = 3
        """,
        """
        error: dev/app.py:7: Service cannot be changed; make a changed one: .override(replicas=...)
        """,
        id="a component is changed",
    ),
    pytest.param(
        """
        raise RuntimeError("boom")
        """,
        """
        error: dev/app.py:6: this fails: RuntimeError: boom
          correct this line; nothing was changed
        """,
        id="raises",
    ),
    pytest.param(
        """
        raise RuntimeError
        """,
        """
        error: dev/app.py:6: this fails: RuntimeError
          correct this line; nothing was changed
        """,
        id="raises nothing but its type",
    ),
    pytest.param(
        """
        def ports():
            return [1, 2][3]


        class Shop(AppConfiguration):
            network = Network(ports=ports())
        """,
        """
        error: dev/app.py:7: this fails: IndexError: list index out of range
          correct this line; nothing was changed
        """,
        id="raises in a function",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            database = Postgres(version=16)


        1 / 0
        """,
        """
        error: dev/app.py:7: Postgres is not valid
          version: Input should be a valid string
        error: dev/app.py:10: this fails: ZeroDivisionError: division by zero
          correct this line; nothing was changed
        """,
        id="raises and is not valid",
    ),
    pytest.param(
        """
        from pydantic import BaseModel


        class Limits(BaseModel):
            cpu: int


        Limits(cpu="much")
        """,
        """
        error: dev/app.py:13: this fails: ValidationError: 1 validation error for Limits
          cpu
            Input should be a valid integer, unable to parse string as an integer [type=int_parsing, input_value='much', input_type=str]
              For further information visit https://errors.pydantic.dev/2.14/v/int_parsing
          correct this line; nothing was changed
        """,
        id="error of many lines",
    ),
    pytest.param(
        """
        import sys

        sys.exit(3)
        """,
        """
        error: dev/app.py:8: this ends the process (sys.exit)
          an app.py only describes; remove it
        """,
        id="exits",
    ),
    pytest.param(
        """
        def again():
            return again()


        again()
        """,
        """
        error: dev/app.py:7: this recurses without end
          look for a call of itself
        """,
        id="recurses without end",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            workload = Service(
        """,
        """
        error: dev/app.py:7:23: this is not Python: '(' was never closed
          correct it there
        """,
        id="syntax error",
    ),
    pytest.param(
        """
        class Shop(AppConfiguration):
            a = 1
              b = 2
        """,
        """
        error: dev/app.py:8:6: this is not Python: unexpected indent
          correct it there
        """,
        id="indentation",
    ),
]


@pytest.mark.parametrize(("app", "error"), CASES)
@pytest.mark.parametrize("command", ["generate", "apply"])
def test_it_is_told_what_is_wrong(kusion: Kusion, command: str, app: str, error: str) -> None:
    kusion.stack(app)
    arguments = ["--yes"] if command == "apply" else []
    assert kusion.refused(command, "-w", "dev", *arguments) == lines(error)
