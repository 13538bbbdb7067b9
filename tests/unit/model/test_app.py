"""Applications: their names, what belongs to them, and which names outputs follow."""

from __future__ import annotations

from typing import Any

import pytest

from kusion_dsl import AppConfiguration, option
from kusion_dsl.errors import AppError
from kusion_dsl.model.app import application_of, is_application
from kusion_dsl.model.component import Accessory, Workload
from kusion_dsl.model.load_session import LoadSession, load_session


class Web(Workload):
    replicas: int = 1


class Data(Accessory):
    size: int = 1


class Base(AppConfiguration, abstract=True):
    cache = Data()


class OnlineShop(Base):
    database = Data()
    workload = Web()
    constant = 3


class Production(OnlineShop):
    database = OnlineShop.database.override(size=9)


class Without(OnlineShop):
    database = None  # type: ignore[assignment]
    workload = None  # type: ignore[assignment]


class Named(Production):
    name = "other"


class NamedBelow(Named):
    pass


@pytest.mark.parametrize(
    ("app", "name"),
    [
        (OnlineShop, "online-shop"),
        (Production, "online-shop"),
        (Without, "online-shop"),
        (Named, "other"),
        (NamedBelow, "other"),
        (AppConfiguration(name="by-code"), "by-code"),
    ],
)
def test_the_name_is_the_topmost_class_that_is_not_abstract(app: Any, name: str) -> None:
    assert application_of(app).name == name


def test_what_belongs_to_an_application() -> None:
    application = application_of(Production)
    assert application.workload is OnlineShop.workload
    assert dict(application.accessories) == {"cache": Base.cache, "database": Production.database}
    assert list(application.accessories) == ["cache", "database"]


def test_none_removes() -> None:
    application = application_of(Without)
    assert application.workload is None
    assert list(application.accessories) == ["cache"]


def test_an_output_follows_the_name_through_every_base() -> None:
    bindings = application_of(Without).bindings
    assert bindings[OnlineShop.database.serial] == "database"
    assert bindings[OnlineShop.workload.serial] == "workload"
    assert application_of(Production).bindings[Production.database.serial] == "database"
    assert application_of(Production).bindings[OnlineShop.database.serial] == "database"


def test_an_output_of_what_was_overridden_outside_of_a_class_is_found() -> None:
    raw = Data()

    class App(AppConfiguration):
        store = raw.override(size=2)

    class Ambiguous(AppConfiguration):
        one = raw.override(size=2)
        two = raw.override(size=3)

    assert application_of(App).bindings[raw.serial] == "store"
    assert raw.serial not in application_of(Ambiguous).bindings


def test_an_application_by_code_is_the_same() -> None:
    web, data = Web(), Data()
    application = application_of(AppConfiguration(name="x", workload=web, accessories={"b": data, "a": Data()}))
    assert application.workload is web
    assert list(application.accessories) == ["a", "b"]
    assert application.bindings[web.serial] == "workload"
    assert application.bindings[data.serial] == "b"


def test_one_component_under_two_names_is_an_error() -> None:
    shared = Data()

    class Twice(AppConfiguration):
        one = shared
        two = shared

    with pytest.raises(AppError, match="one component under two names, 'one' and 'two'"):
        application_of(Twice)
    with pytest.raises(AppError, match="one component under two names, 'one' and 'two'"):
        AppConfiguration(name="x", accessories={"one": shared, "two": shared})


def test_two_applications_may_share_a_component() -> None:
    assert application_of(OnlineShop).accessories["cache"] is application_of(Production).accessories["cache"]


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"workload": Data()}, "not a workload"),
        ({"workload": 3}, "not a workload"),
        ({"server": Web()}, "a workload under another name"),
    ],
)
def test_a_wrong_class_body_raises_or_is_collected(members: dict[str, Any], told: str) -> None:
    with pytest.raises(AppError, match=told):
        type("Wrong", (AppConfiguration,), members)
    with load_session(LoadSession()) as session:
        type("Wrong", (AppConfiguration,), members)
    assert told in session.problems[0].what


def test_what_is_an_application() -> None:
    assert is_application(OnlineShop)
    assert is_application(AppConfiguration(name="x"))
    for other in (AppConfiguration, Base, Web, Data(), None, "x", OnlineShop.database):
        assert not is_application(other)


@pytest.mark.parametrize(
    ("default", "given", "value"),
    [
        ("a", "b", "b"),
        ("a", "", ""),
        (1, "7", 7),
        (1, "-7", -7),
        (1.5, "2", 2.0),
        (False, "true", True),
        (True, "OFF", False),
        (True, "no", False),
        (None, "x", "x"),
    ],
)
def test_an_option_has_the_type_of_its_default(default: Any, given: str, value: Any) -> None:
    with load_session(LoadSession({"name": given})) as session:
        found = option("name", default=default)
    assert found == value
    assert type(found) is type(value)
    assert not session.failed
    assert session.options["name"].default == default


@pytest.mark.parametrize(
    ("default", "given", "told"),
    [
        (1, "x", "not a whole number"),
        (1, "1.5", "not a whole number"),
        (1.5, "x", "not a number"),
        (True, "2", "boolean"),
    ],
)
def test_an_option_of_the_wrong_type_is_collected(default: Any, given: str, told: str) -> None:
    with load_session(LoadSession({"name": given})) as session:
        assert option("name", default=default) == default
    assert told in session.problems[0].what
    assert "test_app.py" in str(session.problems[0].where)


def test_an_option_without_a_default_must_be_given() -> None:
    with load_session(LoadSession()) as session:
        option("name")
    assert session.missing[0].what == "option 'name' needs a value"
    with pytest.raises(AppError, match="no default and no value"):
        option("name")
    assert option("name", default=3) == 3


def test_one_option_may_be_declared_twice_but_not_differently() -> None:
    with load_session(LoadSession()) as session:
        option("name", default=1)
        option("name", default=1)
        assert not session.failed
        option("name", default=True)
    assert "two defaults, 1 and True" in session.problems[0].what
