"""That tests are kept away from the user's home and from the network: the fixtures that do it, tested."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kusion_dsl.storage.home import Home


def test_home_is_a_directory_of_the_test(tmp_path_factory: pytest.TempPathFactory) -> None:
    own = tmp_path_factory.getbasetemp()
    assert Path.home().is_relative_to(own)
    assert Home.of(os.environ).path.is_relative_to(own)
    assert Home.of({}).path.is_relative_to(own)
    assert Path.home() != Path(pwd.getpwuid(os.getuid()).pw_dir)


def test_child_processes_have_the_same_home() -> None:
    script = "import pathlib; print(pathlib.Path.home())"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert Path(told.strip()) == Path.home()


@pytest.mark.parametrize("address", [("127.0.0.1", 9), ("localhost", 9)])
def test_a_connection_is_refused_before_it_is_made(address: tuple[str, int]) -> None:
    with socket.socket() as connection, pytest.raises(AssertionError, match="uses the network"):
        connection.connect(address)


def test_listening_is_refused() -> None:
    with socket.socket() as listener, pytest.raises(AssertionError, match="uses the network"):
        listener.bind(("127.0.0.1", 0))


def test_names_are_not_looked_up() -> None:
    with pytest.raises(AssertionError, match="uses the network"):
        socket.getaddrinfo("example.com", 443)
