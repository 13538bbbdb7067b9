"""docs/backends.md is true: its commands print what it says, and its table has every parameter."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from kusion_dsl.storage.backend_url import ACCEPTED
from kusion_dsl.storage.s3_url import PARAMETERS
from kusion_dsl.storage.store import open_store
from tests.functional.commandline import Kusion

PAGE = (Path(__file__).parents[2] / "docs/backends.md").read_text(encoding="utf-8")


def test_its_commands_print_what_it_says(kusion: Kusion) -> None:
    ran = 0
    for block in re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        for command, printed in re.findall(r"^\$ kusion (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            result = kusion(*shlex.split(command))
            assert result.out + result.err == printed, command
            ran += 1
    assert ran == 5


def test_its_table_has_every_parameter() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE, re.MULTILINE)
    assert dict(rows) == PARAMETERS
    assert all(f"`{name}`" in PAGE for name in ACCEPTED)


URLS = re.findall(r"`((?:file|s3)://[^`]+)`", PAGE)


def test_its_urls_can_be_opened() -> None:
    assert len(URLS) == 5
    for url in URLS:
        assert open_store(url).url.startswith(url.partition("://")[0])
