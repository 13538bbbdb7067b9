"""The file store: the contract of every store, and what a disk can do to it."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_dsl.errors import StorageError
from kusion_dsl.storage.disk import Disk
from kusion_dsl.storage.file import FileStore
from kusion_dsl.storage.store import Store, open_store
from tests.stores.contract import KEY, AddressedStoreContract


class FailingDisk(Disk):
    """Fails with ``code`` when the ``operation`` comes up for the ``nth`` time."""

    def __init__(self, operation: str, code: int, nth: int = 1) -> None:
        self._left = {operation: nth}
        self._code = code

    def _maybe_fail(self, operation: str, path: Path | None) -> None:
        self._left[operation] = self._left.get(operation, 0) - 1
        if self._left[operation] == 0:
            raise OSError(self._code, os.strerror(self._code), str(path) if path else None)

    def create_file(self, path: Path) -> int:
        self._maybe_fail("create_file", path)
        return super().create_file(path)

    def write(self, descriptor: int, data: bytes) -> None:
        super().write(descriptor, data[: len(data) // 2])  # a full disk takes some of it
        self._maybe_fail("write", None)
        super().write(descriptor, data[len(data) // 2 :])

    def sync(self, descriptor: int) -> None:
        self._maybe_fail("sync", None)
        super().sync(descriptor)

    def create_directory(self, path: Path) -> None:
        self._maybe_fail("create_directory", path)
        super().create_directory(path)

    def link(self, path: Path, new: Path) -> None:
        self._maybe_fail("link", new)
        super().link(path, new)

    def replace(self, path: Path, new: Path) -> None:
        self._maybe_fail("replace", new)
        super().replace(path, new)


class RecordingDisk(Disk):
    """Writes down what is done, with the names of files but for the temporary ones."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def create_file(self, path: Path) -> int:
        self.done.append("create")
        return super().create_file(path)

    def write(self, descriptor: int, data: bytes) -> None:
        self.done.append("write")
        super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        self.done.append("sync directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "sync file")
        super().sync(descriptor)

    def link(self, path: Path, new: Path) -> None:
        self.done.append("link")
        super().link(path, new)

    def replace(self, path: Path, new: Path) -> None:
        self.done.append("replace")
        super().replace(path, new)


def files_below(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return FileStore(tmp_path / "backend")


class TestFile(AddressedStoreContract):
    @pytest.fixture
    def opened(self, tmp_path: Path) -> Callable[[], Store]:
        return lambda: FileStore(tmp_path / "backend")


def test_looking_makes_nothing(store: Store, tmp_path: Path) -> None:
    assert store.get(KEY) is None
    assert store.list("") == ()
    store.delete(KEY)
    assert list(tmp_path.iterdir()) == []


def test_files_are_for_their_owner_alone_whatever_the_umask(store: Store, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store.put(KEY, b"")
        store.put_new(KEY + ".new", b"")
    finally:
        os.umask(before)
    made = list((tmp_path / "backend").rglob("*"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in made if path.is_file()} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in [*made, tmp_path / "backend"] if path.is_dir()} == {0o700}


def test_a_directory_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    FileStore(tmp_path).put("a", b"")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_key_that_would_hide_in_it_is_refused(store: Store, tmp_path: Path) -> None:
    for use in (lambda key: store.put(key, b""), lambda key: store.put_new(key, b""), store.get, store.delete):
        with pytest.raises(StorageError, match="cannot be stored there"):
            use("a/.b.1.2.tmp")
    assert list(tmp_path.iterdir()) == []


def test_content_is_on_the_disk_before_its_name_is(tmp_path: Path) -> None:
    disk = RecordingDisk()
    store = FileStore(tmp_path, disk=disk)
    store.put_new("a", b"x")
    assert disk.done == ["create", "write", "sync file", "link", "sync directory"]
    disk.done.clear()
    store.put("a", b"y")
    assert disk.done == ["create", "write", "sync file", "replace", "sync directory"]


def test_temporary_files_are_not_listed_and_removed_when_old(tmp_path: Path) -> None:
    young, old, foreign = tmp_path / ".a.1.2.tmp", tmp_path / ".b.3.4.tmp", tmp_path / "c.tmp"
    for path in (young, old, foreign):
        path.write_bytes(b"torn")
        os.utime(path, (time.time(), time.time() - (7200 if path != young else 60)))
    assert FileStore(tmp_path).list("") == ("c.tmp",)
    FileStore(tmp_path).put("d", b"")
    assert files_below(tmp_path) == [".a.1.2.tmp", "c.tmp", "d"]


WRITES: list[Callable[[Store], object]] = [
    lambda store: store.put(KEY, b"new"),
    lambda store: store.put_new(KEY + "2", b"new"),
]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    ("operation", "code", "what", "hint"),
    [
        ("create_file", errno.EACCES, "permission denied", "let the current user"),
        ("create_file", errno.EROFS, "read-only file system", "make the file system writable"),
        ("create_file", errno.ENOSPC, "no space left", "free some space"),
        ("write", errno.ENOSPC, "no space left", "free some space"),
        ("write", errno.EDQUOT, "quota", "raise the quota"),
        ("sync", errno.EIO, "input/output error", "check the disk"),
    ],
)
def test_a_write_that_fails_says_so_and_changes_nothing(
    tmp_path: Path, write: Callable[[Store], object], operation: str, code: int, what: str, hint: str
) -> None:
    FileStore(tmp_path).put(KEY, b"old")
    with pytest.raises(StorageError) as raised:
        write(FileStore(tmp_path, disk=FailingDisk(operation, code)))
    message = str(raised.value)
    assert what in message.lower()
    assert hint in message
    assert str(tmp_path) in message
    assert files_below(tmp_path) == [KEY]
    assert (tmp_path / KEY).read_bytes() == b"old"


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "backend", disk=FailingDisk("create_directory", errno.EACCES))
    with pytest.raises(StorageError) as raised:
        store.put(KEY, b"")
    assert raised.value.problems[0].where == str(tmp_path / "backend")


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_file_system_without_hard_links_is_refused_for_what_it_is(tmp_path: Path, code: int) -> None:
    store = FileStore(tmp_path, disk=FailingDisk("link", code))
    with pytest.raises(StorageError, match="no hard links"):
        store.put_new("a", b"")
    assert files_below(tmp_path) == []


def test_a_link_that_was_made_twice_is_still_ours(tmp_path: Path) -> None:
    class Repeating(Disk):
        def link(self, path: Path, new: Path) -> None:
            super().link(path, new)
            super().link(path, new)

    assert FileStore(tmp_path, disk=Repeating()).put_new("a", b"x") is True
    assert FileStore(tmp_path, disk=Repeating()).put_new("a", b"y") is False


def test_somebody_who_writes_between_looking_and_linking_wins(tmp_path: Path) -> None:
    class Interrupted(Disk):
        def link(self, path: Path, new: Path) -> None:
            new.write_bytes(b"theirs")
            super().link(path, new)

    assert FileStore(tmp_path, disk=Interrupted()).put_new("a", b"ours") is False
    assert files_below(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"theirs"


USES: list[Callable[[Store], object]] = [
    lambda store: store.get(KEY),
    lambda store: store.put(KEY, b""),
    lambda store: store.put_new(KEY, b""),
    lambda store: store.list(".kusion/"),
    lambda store: store.delete(KEY),
]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("below", ["", "deeper/down"])
def test_a_file_in_place_of_the_directory_is_told(tmp_path: Path, use: Callable[[Store], object], below: str) -> None:
    (tmp_path / "backend").write_bytes(b"mine")
    with pytest.raises(StorageError, match="not a directory") as raised:
        use(FileStore(tmp_path / "backend" / below))
    assert str(tmp_path / "backend") in str(raised.value)
    assert "out of the way" in str(raised.value)
    assert (tmp_path / "backend").read_bytes() == b"mine"


def test_a_directory_in_place_of_a_file_is_told(store: Store) -> None:
    store.put("a/b", b"")
    with pytest.raises(StorageError, match="is a directory"):
        store.get("a")


@pytest.mark.parametrize(
    "use", ["get(KEY)", "put(KEY, b'')", "put_new(KEY + '2', b'')", "list('.kusion/')", "delete(KEY)"]
)
def test_a_user_without_the_right_is_told(tmp_path: Path, use: str) -> None:
    """In a process of another user, for root may do everything."""
    root = tmp_path / "backend"
    FileStore(root).put(KEY, b"old")
    root.chmod(0 if os.getuid() else 0o700)
    script = f"""
        import os
        from pathlib import Path
        from kusion_dsl.errors import StorageError
        from kusion_dsl.storage.file import FileStore
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        KEY = {KEY!r}
        try:
            FileStore(Path("backend")).{use}
        except StorageError as error:
            print(error)
    """
    tmp_path.chmod(0o755)
    command = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    root.chmod(0o700)
    assert done.stderr == ""
    assert "permission denied" in done.stdout
    assert done.stdout.startswith("backend")
    assert "let the current user read and write there" in done.stdout
    assert FileStore(root).list("") == (KEY,)


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("file:///var/lib/kusion", "/var/lib/kusion"),
        ("file:///var/lib/../kusion/", "/var/kusion"),
        ("file:///with%20space", "/with space"),
        ("file://~", "/home/ada"),
        ("file://~/state", "/home/ada/state"),
        ("file://./state", "/srv/state"),
        ("file://../state", "/state"),
        ("file://state", "/srv/state"),
        ("file://", "/srv"),
    ],
)
def test_a_file_url_is_read_as_pulumi_reads_it(written: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    store = open_store(written, Path("/srv"))
    assert store.place("x") == f"{path}/x"


def test_the_url_of_a_store_means_the_same_everywhere() -> None:
    url = open_store("file://./a b%3F?metadata=skip", Path("/srv")).url
    assert url == "file:///srv/a%20b%3F?metadata=skip"
    assert open_store(url, Path("/elsewhere")).url == url


@given(st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_any_directory_has_a_url(name: str) -> None:
    if name not in (".", ".."):
        store = FileStore(Path("/work") / name)
        assert open_store(store.url).place("x") == store.place("x")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("/var/kusion", "is not a URL"),
        ("gs://bucket", "not supported yet\n  supported: file://, s3://"),
        ("azblob://container?storage_account=a", "not supported yet"),
        ("fil:///var", "'fil' is no backend\n  did you mean 'file'?"),
        ("https://api.pulumi.com", "'https' is no backend\n  use file:///a/directory"),
        ("file:///a?metdata=skip", "unknown parameter 'metdata'\n  did you mean 'metadata'?"),
        ("file:///a?x=", "unknown parameter 'x'\n  known are create_dir, metadata, no_tmp_dir"),
        ("file:///a?dir_file_mode=0777", "'dir_file_mode' is not supported"),
        ("file:///a?base_url=x&secret_key_path=y", "'base_url' is not supported"),
        ("file:///a#b", "write %23"),
        ("file://~root/x", "other users' home directories"),
    ],
)
def test_a_url_that_will_not_do_is_refused_with_a_way_out(url: str, message: str) -> None:
    with pytest.raises(StorageError) as raised:
        open_store(url)
    assert message in str(raised.value)
    assert url.partition("?")[0] in str(raised.value)
