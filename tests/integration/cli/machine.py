"""A machine of the test's own: the installed ``kusion`` as a process, with everything it keeps below one directory."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

REPOSITORY = Path(__file__).parents[3]
SCRIPTS = Path(sysconfig.get_path("scripts"))
PLUGIN = "pulumi-resource-kusion"
PATIENCE = 300.0
"""Seconds after which a command hangs."""

Snapshot = Mapping[str, tuple[int, int, str]]
"""For each file its modification time in ns, its inode, and the digest of its content."""


@dataclass(frozen=True)
class Done:
    """What became of one command."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Everything it printed."""
        return self.out + self.err

    @property
    def document(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


@dataclass
class Machine:
    """``environment`` is added to that of every command; ``prefix`` is put before each, e.g. to drop a capability."""

    pulumi: Path
    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for directory in (self.home, self.temporary, self.root / "user", self.plain / "bin"):
            directory.mkdir(parents=True)
        (self.plain / "bin" / PLUGIN).symlink_to(SCRIPTS / PLUGIN)
        ignored = shutil.ignore_patterns(".manifests", "__pycache__")
        shutil.copytree(REPOSITORY / "stacks", self.stacks, ignore=ignored)

    @property
    def home(self) -> Path:
        """KUSION_HOME."""
        return self.root / "home"

    @property
    def backend(self) -> Path:
        """The default backend."""
        return self.home / "backend"

    @property
    def temporary(self) -> Path:
        """TMPDIR."""
        return self.root / "temporary"

    @property
    def plain(self) -> Path:
        """Where a plain ``pulumi`` works."""
        return self.root / "plain"

    @property
    def stacks(self) -> Path:
        """A copy of the repository's stacks."""
        return self.root / "stacks"

    def directory(self, stack: str) -> str:
        """The directory of ``<project>/<stack>``."""
        return str(self.stacks / stack)

    def target(self, stack: str) -> Path:
        """Where the manifests of ``<project>/<stack>`` go in the workspace ``default``."""
        project, name = stack.split("/")
        return self.stacks / project / ".manifests" / "default" / name

    def secrets(self, stack: str) -> Path:
        """Where its Secrets go."""
        return self.target(stack).with_name(f"{self.target(stack).name}.secrets")

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, by their paths below the stacks."""
        for name, text in files.items():
            path = self.stacks / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace what occurs once in a file below the stacks."""
        path = self.stacks / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} does not occur once in {path}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def variables(self) -> dict[str, str]:
        """The whole environment of a command: nothing of whoever runs the tests is in it."""
        return {
            "PATH": os.pathsep.join([str(self.pulumi.parent), str(SCRIPTS), os.defpath]),
            "HOME": str(self.root / "user"),
            "KUSION_HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "LANG": "C.UTF-8",
            **self.environment,
        }

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start ``kusion``."""
        return subprocess.Popen(
            [*self.prefix, str(SCRIPTS / "kusion"), *arguments],
            env=self.variables(),
            cwd=self.root,
            text=True,
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )

    def kusion(self, *arguments: str, code: int = 0) -> Done:
        """Run ``kusion``; it must end with ``code``, and never with a traceback."""
        done = finished(self.start(*arguments))
        assert done.code == code, f"exit {done.code}\n{done.said}"
        return done

    def apply(self, stack: str, *arguments: str, code: int = 0) -> Done:
        """``kusion apply --yes``."""
        return self.kusion("apply", "--yes", "-w", self.directory(stack), *arguments, code=code)

    def destroy(self, stack: str, *arguments: str, code: int = 0) -> Done:
        """``kusion destroy --yes``."""
        return self.kusion("destroy", "--yes", "-w", self.directory(stack), *arguments, code=code)

    def preview(self, stack: str, *arguments: str) -> Any:
        """The document of ``kusion preview``."""
        return self.kusion("preview", "-w", self.directory(stack), "-o", "json", *arguments).document

    def release(self, stack: str, *arguments: str) -> Any:
        """The document of ``kusion release show``."""
        return self.kusion("release", "show", "-w", self.directory(stack), "-o", "json", *arguments).document

    def releases(self, stack: str) -> Any:
        """The releases of ``kusion release list``, the newest first."""
        return self.kusion("release", "list", "-w", self.directory(stack), "-o", "json").document["releases"]

    def plain_pulumi(self, *arguments: str) -> str:
        """What a plain ``pulumi`` says that knows our plugin and the backend, and nothing else of kusion."""
        environment = {
            "PATH": os.pathsep.join([str(self.pulumi.parent), str(self.plain / "bin")]),
            "HOME": str(self.plain),
            "PULUMI_HOME": str(self.plain / "pulumi"),
            "PULUMI_BACKEND_URL": f"file://{self.backend}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self.home / "passphrase"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        process = subprocess.run(
            [str(self.pulumi), "--non-interactive", *arguments],
            env=environment,
            cwd=self.plain,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert process.returncode == 0, process.stderr + process.stdout
        return process.stdout


def finished(process: subprocess.Popen[str]) -> Done:
    """What became of a process, once it has ended."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert "Traceback" not in out + err and "defect" not in err, out + err
    return Done(process.returncode, out, err)


def lines_of(stream: IO[str] | None) -> Iterator[str]:
    """The lines of a running process's output, as they come."""
    assert stream is not None
    yield from iter(stream.readline, "")


def snapshot(*roots: Path) -> Snapshot:
    """Every file below ``roots``."""
    paths = (path for root in roots for path in sorted(root.rglob("*")) if path.is_file())
    return {
        str(path): (path.stat().st_mtime_ns, path.stat().st_ino, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in paths
    }


def touched(before: Snapshot, after: Snapshot) -> set[str]:
    """The names of the files that came, went, or were written."""
    return {Path(path).name for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
