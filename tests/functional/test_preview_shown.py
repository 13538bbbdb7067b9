"""How a preview looks: what is long is cut where it differs, what is alike is told once, what is lost stands out."""

from __future__ import annotations

import sys
from typing import Any

import click
import pytest

from kusion_dsl.cli.render.fields import show_field
from kusion_dsl.cli.render.screen import Screen
from kusion_dsl.cli.render.values import line_differences, pair_text, value_text
from kusion_dsl.model.change import MISSING, Cause, FieldChange
from kusion_dsl.model.masking import Mask
from tests.functional.commandline import DEPLOYMENT, SHOP, SHOP_WITH_DATABASE, Kusion, lines
from tests.functional.distributions import ECHO, Distributions

CONTAINER = """\
class Shop(AppConfiguration):
    workload = Service(
        containers={
            "web": Container(
                image=IMAGE,
                MORE
            ),
        },
    )
"""


def write(kusion: Kusion, image: str = '"shop:1"', more: str = "") -> None:
    kusion.stack(CONTAINER.replace("IMAGE", image).replace("                MORE\n", more))


def changed(kusion: Kusion, *arguments: str) -> str:
    """What is printed below the Deployment."""
    out = kusion.done("preview", "-w", "dev", *arguments).out
    return out.partition(f"~ {DEPLOYMENT}")[2].partition("\n")[2].partition("\n\n")[0]


def test_an_option_is_named_as_a_cause(kusion: Kusion) -> None:
    write(kusion, "f\"shop:{option('tag', default='1')}\"")
    kusion.done("apply", "-w", "dev", "--yes")
    told = (
        '    spec.template.spec.containers[web].image: "shop:1" -> "shop:2"  dev/app.py:10 (shop.workload, option tag)'
    )
    assert changed(kusion, "-D", "tag=2") == told
    document = kusion.done("preview", "-w", "dev", "-D", "tag=2", "-o", "json").document
    [field] = [field for change in document["changes"] for field in change["fields"]]
    assert field["origins"][0]["options"] == ["tag"]


def test_a_default_that_took_the_place_of_a_block_is_told_with_the_block(kusion: Kusion) -> None:
    kusion.write({"one.yaml": "modules: {service: {configs: {default: {replicas: 5}}}}\n", "two.yaml": "{}\n"})
    kusion.done("workspace", "update", "default", "-f", "one.yaml")
    kusion.stack(SHOP.replace(", replicas=2", ""))
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.done("workspace", "update", "default", "-f", "two.yaml")
    told = changed(kusion)
    assert told.startswith("    spec.replicas: 5 -> 2  ") or told.startswith("    spec.replicas: 5 -> (absent)  ")
    assert told.endswith(" (workspace default)") and "was " in told


def test_what_another_version_of_a_module_makes_otherwise_is_told_with_both(
    kusion: Kusion, distributions: Distributions
) -> None:
    entry, file = "echo = kusion_echo:echo", "kusion_echo/__init__.py"
    louder = ECHO.replace('"text": echo.text', '"text": f"{echo.text}!"')
    distributions.install("kusion-echo", entry, {file: louder})
    kusion.stack(f"from kusion_echo import Echo\n\n\n{SHOP}    echo = Echo(text='a')\n")
    kusion.done("apply", "-w", "dev", "--yes")
    distributions.install("kusion-echo", entry, {file: louder.replace("!", "?")}, "2.0")
    for path in sorted((distributions.directory / "kusion-echo/kusion_echo-1.0.dist-info").iterdir()):
        path.unlink()
    (distributions.directory / "kusion-echo/kusion_echo-1.0.dist-info").rmdir()
    for module in [name for name in sys.modules if name.startswith("kusion_echo")]:
        del sys.modules[module]
    told = '    data.text: "a!" -> "a?"  kusion-echo 2.0, was kusion-echo 1.0\n'
    assert told in kusion.done("preview", "-w", "dev").out


def test_the_lines_of_a_file_are_compared(kusion: Kusion) -> None:
    text = "".join(f"line {number}\n" for number in range(1, 41))
    files = "                files={{'/etc/a.conf': FileSpec(content={!r})}},\n"
    write(kusion, more=files.format(text))
    kusion.done("apply", "-w", "dev", "--yes")
    write(kusion, more=files.format(text.replace("line 7\n", "line seven\n")))
    out = kusion.done("preview", "-w", "dev").out
    assert (
        '    data["a.conf"]:  dev/app.py:11 (shop.workload)\n      @@ -6,3 +6,3 @@\n       line 6\n      -line 7\n'
        in out
    )
    write(kusion, more=files.format(text.replace("line", "row")))
    out = kusion.done("preview", "-w", "dev").out
    assert "      +row 1\n" not in out and "      … and 63 lines more; --detail shows them\n" in out
    assert "      +row 40\n" in kusion.done("preview", "-w", "dev", "--detail").out


def test_the_lines_of_a_file_do_nothing_to_the_terminal() -> None:
    told = map(click.unstyle, line_differences("a\nb\n", "a\n\x1b[2Jb\r\n\té", None))
    assert list(told) == ["@@ -1,3 +1,3 @@", " a", "-b", "-", "+\\u001b[2Jb\\r", "+\\té"]


def test_long_texts_are_cut_where_they_do_not_differ(kusion: Kusion) -> None:
    registry = "registry.example.com/" + "very-long/" * 9
    write(kusion, f'"{registry}shop:1.4.2"')
    kusion.done("apply", "-w", "dev", "--yes")
    write(kusion, f'"{registry}shop:1.5.0"')
    _, _, told = changed(kusion).partition(": ")
    old, _, new = told.partition("  ")[0].partition(" -> ")
    assert old.startswith("…") and old.endswith('/shop:1.4.2"') and new.endswith('/shop:1.5.0"')
    assert len(old) == len(new) == 60
    assert f'"{registry}shop:1.4.2" -> "{registry}shop:1.5.0"' in changed(kusion, "--detail")


def test_a_secret_in_a_long_value_is_masked_before_it_is_cut(kusion: Kusion) -> None:
    canary = "kn4ry-s3cr3t-v4lu3"
    kusion.environment["STRIPE"] = canary
    kusion.write({"default.yaml": "secretStore: {provider: {env: {}}}\n"})
    kusion.done("workspace", "update", "default", "-f", "default.yaml")
    write(kusion, more='                env={"KEY": Secret("stripe")},\n')
    kusion.done("apply", "-w", "dev", "--yes")
    metadata: dict[str, Any] = kusion.live[DEPLOYMENT]["metadata"]
    metadata["labels"] |= {"leak": "x" * 50 + canary}
    told = changed(kusion)
    assert "metadata.labels.leak" in told
    assert canary[:4] not in told


def test_a_large_map_is_summed_up(kusion: Kusion) -> None:
    write(kusion)
    kusion.done("apply", "-w", "dev", "--yes")
    metadata: dict[str, Any] = kusion.live[DEPLOYMENT]["metadata"]
    metadata["annotations"] = {f"example.com/{number}": "x" * 9 for number in range(8)}
    told = "{8 fields: example.com/0, example.com/1, example.com/2, …} -> (absent)"
    assert told in changed(kusion)
    assert '"example.com/7": "xxxxxxxxx"' in changed(kusion, "--detail")


def test_of_a_resource_with_many_changes_the_first_are_shown(kusion: Kusion) -> None:
    env = "                env={{{}}},\n"
    write(kusion, more=env.format(", ".join(f"'V{number}': '1'" for number in range(30))))
    kusion.done("apply", "-w", "dev", "--yes")
    write(kusion, more=env.format(", ".join(f"'V{number}': '2'" for number in range(30))))
    assert changed(kusion).splitlines()[-1] == "    … and 10 fields more; --detail shows them"
    assert len(changed(kusion, "--detail").splitlines()) == 30


MANY = """\
def app(number):
    env = {"LEVEL": "info"}
    return AppConfiguration(
        name=f"app-{number}", workload=Service(containers={"web": Container(image="shop:1", env=env)})
    )


""" + "".join(f"app_{number} = app({number})\n" for number in range(60))


def test_what_changes_alike_is_told_once(kusion: Kusion) -> None:
    kusion.stack(MANY)
    assert kusion.done("preview", "-w", "dev").out == lines(
        """
        shop/dev in workspace default
        + v1:Namespace:shop  project shop
        + apps/v1:Deployment:shop:shop-dev-app-0 and 59 more like it  dev/app.py:9 (app-0.workload)
        What changes alike is told once; --detail shows each.

        61 to create.
        """
    )
    assert len(kusion.done("preview", "-w", "dev", "--detail").out.splitlines()) == 64
    kusion.done("apply", "-w", "dev", "--yes")
    kusion.stack(MANY.replace("info", "debug").replace("app_7 = app(7)\napp_8 = app(8)\n", ""))
    assert kusion.done("preview", "-w", "dev").out == lines(
        """
        shop/dev in workspace default
        ~ apps/v1:Deployment:shop:shop-dev-app-0 and 57 more like it  dev/app.py:9 (app-0.workload)
            spec.template.spec.containers[web].env[LEVEL].value: "info" -> "debug"  dev/app.py:9 (app-0.workload)
        - apps/v1:Deployment:shop:shop-dev-app-8  no longer in the Spec, was dev/app.py:9 (app-8.workload)
        - apps/v1:Deployment:shop:shop-dev-app-7  no longer in the Spec, was dev/app.py:9 (app-7.workload)
        What changes alike is told once; --detail shows each.

        58 to update, 2 to delete, 1 unchanged.
        """
    )


def test_what_is_replaced_stands_out_with_what_is_lost(kusion: Kusion) -> None:
    kusion.stack(SHOP_WITH_DATABASE)
    kusion.done("apply", "-w", "dev", "--yes")
    [claim] = (id for id in kusion.live if "PersistentVolumeClaim" in id)
    spec: dict[str, Any] = kusion.live[claim]["spec"]
    spec["resources"]["requests"]["storage"] = "1Gi"
    kusion.engine.replacing.add(claim)
    out = kusion.done("preview", "-w", "dev").out
    assert f"± {claim}" in out
    assert out.endswith(f"This cannot be undone:\n  {claim}  its data is lost\n")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (MISSING, "(absent)"),
        (None, "null"),
        ("x", '"x"'),
        (True, "true"),
        ({"a": [1.5]}, '{"a": [1.5]}'),
        ({"a": "x" * 60}, "{1 field: a}"),
        (["x" * 60], "[1 item]"),
        ("x" * 60, '"' + "x" * 58 + "…"),
    ],
)
def test_values_in_a_line(value: Any, text: str) -> None:
    assert click.unstyle(value_text(value)) == text


def test_the_beginning_of_a_text_is_kept_where_it_differs_there() -> None:
    old, new = pair_text("a" * 80, "b" * 80)
    assert (old, new) == ('"' + "a" * 58 + "…", '"' + "b" * 58 + "…")


@pytest.mark.parametrize(
    ("cause", "live", "follows", "told"),
    [
        ("yours", "[secret]", ("db",), 'password: "${db#result}" has another value  follows db\n'),
        ("conflict", "[secret]", (), 'password: "${db#result}" has another value  somebody else changed it too\n'),
        (
            "drift",
            "[secret]",
            (),
            'password: "[secret]" -> "${db#result}"  changed by somebody else, will be reverted\n',
        ),
    ],
)
def test_what_cannot_be_seen_is_told_to_be_another(
    capsys: pytest.CaptureFixture[str], cause: Cause, live: str, follows: tuple[str, ...], told: str
) -> None:
    field = FieldChange("password", ("password",), "${db#result}", "${db#result}", live, cause, follows=follows)
    show_field(Screen(Mask(), {}), field, detail=False)
    assert capsys.readouterr().out == f"    {told}"


def test_a_narrow_terminal_has_room_for_everything(kusion: Kusion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    kusion.environment["NO_COLOR"] = "1"
    registry = "registry.example.com/" + "very-long/" * 4
    write(kusion, f'"{registry}shop:1.4.2"')
    kusion.done("apply", "-w", "dev", "--yes")
    write(kusion, f'"{registry}shop:1.5.0"', "                args=['serve'],\n")
    assert kusion.done("preview", "-w", "dev", answer="").out == lines(
        f"""
        shop/dev in workspace default
        ~ {DEPLOYMENT}  dev/app.py:7 (shop.workload)
            spec.template.spec.containers[web].args: (absent) -> ["serve"]
                dev/app.py:11 (shop.workload)
            spec.template.spec.containers[web].image:
              …ple.com/very-long/very-long/very-long/very-long/shop:1.4.2" ->
              …ple.com/very-long/very-long/very-long/very-long/shop:1.5.0"
                  dev/app.py:10 (shop.workload)

        1 to update, 1 unchanged.
        """
    )
