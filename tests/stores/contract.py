"""What every store must do, whatever is behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kusion_dsl.errors import StorageError
from kusion_dsl.storage.store import Store, open_store

KEY = ".kusion/v1/releases/shop/default/dev/00000001.json"
_KEYS = st.sampled_from(["a", "b/c", "b/d", "b/d.e", "f/g/h"])
_OPERATIONS = st.lists(st.tuples(st.sampled_from(["put", "put_new", "delete", "get"]), _KEYS, st.binary(max_size=4)))


class StoreContract:
    """Tests of a store. A subclass has a fixture ``opened``: each call opens the same, empty place once more."""

    @pytest.fixture
    def opened(self) -> Callable[[], Store]:
        raise NotImplementedError

    @pytest.fixture
    def store(self, opened: Callable[[], Store]) -> Store:
        return opened()

    def test_an_empty_store_has_nothing(self, store: Store) -> None:
        assert store.get(KEY) is None
        assert store.list("") == ()
        assert store.list(".kusion/") == ()
        store.delete(KEY)

    def test_many_are_deleted_at_once(self, store: Store) -> None:
        keys = [f".kusion/v1/{number}.json" for number in range(30)]
        for key in keys:
            store.put(key, b"")
        store.delete(*keys[:20], ".kusion/v1/never.json")
        assert store.list("") == tuple(sorted(keys[20:]))
        store.delete()
        assert store.list("") == tuple(sorted(keys[20:]))

    def test_what_is_put_is_there_for_everybody(self, store: Store, opened: Callable[[], Store]) -> None:
        other = opened()
        store.put(KEY, b"one")
        assert other.get(KEY) == b"one"
        other.put(KEY, b"two")
        assert store.get(KEY) == b"two"
        assert other.list("") == (KEY,)

    @pytest.mark.parametrize("content", [b"", b"\0\xff\r\n", b"x" * 6_000_000], ids=["empty", "binary", "large"])
    def test_content_comes_back_as_it_went(self, store: Store, content: bytes) -> None:
        store.put("a", content)
        assert store.put_new("b", content)
        assert store.get("a") == content
        assert store.get("b") == content

    def test_a_key_is_put_new_only_once(self, store: Store, opened: Callable[[], Store]) -> None:
        assert store.put_new(KEY, b"first") is True
        assert store.put_new(KEY, b"second") is False
        assert opened().put_new(KEY, b"first") is False
        assert store.get(KEY) == b"first"
        store.delete(KEY)
        assert store.put_new(KEY, b"third") is True

    def test_what_was_put_is_not_new(self, store: Store) -> None:
        store.put(KEY, b"first")
        assert store.put_new(KEY, b"first") is False

    def test_keys_are_listed_by_any_prefix_in_order(self, store: Store) -> None:
        for key in ("a/b/2", "a/b/10", "a/bc", "a/b.json", "b"):
            store.put(key, b"")
        assert store.list("") == ("a/b.json", "a/b/10", "a/b/2", "a/bc", "b")
        assert store.list("a/b") == ("a/b.json", "a/b/10", "a/b/2", "a/bc")
        assert store.list("a/b/") == ("a/b/10", "a/b/2")
        assert store.list("a/b/1") == ("a/b/10",)
        assert store.list("c/") == ()
        assert store.list("b/") == ()

    def test_only_what_was_put_is_listed(self, store: Store) -> None:
        store.put_new(KEY, b"")
        assert store.list("") == (KEY,)
        assert store.list(".kusion/v1/") == (KEY,)

    @pytest.mark.parametrize("key", ["with space", "ü/ß", "a+b&c=d?e", "100%", "a:b@c", "{x}'\"", "a~b"])
    def test_names_may_be_any_text(self, store: Store, key: str) -> None:
        store.put(key, b"x")
        assert store.get(key) == b"x"
        assert store.list("") == (key,)
        assert store.put_new(key, b"y") is False
        store.delete(key)
        assert store.get(key) is None

    @pytest.mark.parametrize("key", ["", "/a", "a//b", "../a", "a/../b", "a/.", "a/", "a\0b", "a\nb"])
    def test_a_key_that_is_no_relative_path_is_refused(self, store: Store, key: str) -> None:
        for use in (
            lambda: store.put(key, b""),
            lambda: store.put_new(key, b""),
            lambda: store.get(key),
            lambda: store.delete(key),
        ):
            with pytest.raises(StorageError, match="cannot be stored there"):
                use()
        assert store.list("") == ()

    @pytest.mark.parametrize("prefix", ["../", "/", "a//"])
    def test_a_prefix_that_is_none_is_refused(self, store: Store, prefix: str) -> None:
        with pytest.raises(StorageError, match="cannot be stored there"):
            store.list(prefix)

    def test_of_many_threads_exactly_one_creates_a_key(self, opened: Callable[[], Store]) -> None:
        threads, rounds = 8, 10
        meeting = threading.Barrier(threads)

        def run(number: int) -> list[bool]:
            store, won = opened(), []
            for turn in range(rounds):
                meeting.wait()
                won.append(store.put_new(f"releases/{turn:08}.json", b"%d" % number))
            return won

        with ThreadPoolExecutor(threads) as pool:
            results = list(pool.map(run, range(threads)))
        store = opened()
        for turn in range(rounds):
            [winner] = [number for number in range(threads) if results[number][turn]]
            assert store.get(f"releases/{turn:08}.json") == b"%d" % winner

    def test_of_many_that_write_the_same_exactly_one_creates_it(self, opened: Callable[[], Store]) -> None:
        threads = 8
        meeting = threading.Barrier(threads)

        def run(_: int) -> bool:
            store = opened()
            meeting.wait()
            return store.put_new(KEY, b"same")

        with ThreadPoolExecutor(threads) as pool:
            assert sorted(pool.map(run, range(threads))) == [False] * (threads - 1) + [True]

    @given(_OPERATIONS)
    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    def test_it_behaves_as_a_dictionary_does(
        self, opened: Callable[[], Store], operations: list[tuple[str, str, bytes]]
    ) -> None:
        store, model = opened(), dict[str, bytes]()
        for key in store.list(""):
            store.delete(key)
        for operation, key, data in operations:
            match operation:
                case "put":
                    store.put(key, data)
                    model[key] = data
                case "put_new":
                    assert store.put_new(key, data) is (key not in model)
                    model.setdefault(key, data)
                case "delete":
                    store.delete(key)
                    model.pop(key, None)
                case _:
                    assert store.get(key) == model.get(key)
            assert store.list("") == tuple(sorted(model))
            assert store.list("b/") == tuple(sorted(each for each in model if each.startswith("b/")))


class AddressedStoreContract(StoreContract):
    """Tests of a store that has a URL."""

    def test_its_url_opens_the_same_place(self, store: Store) -> None:
        store.put(KEY, b"x")
        again = open_store(store.url)
        assert again.url == store.url
        assert again.get(KEY) == b"x"
        assert again.place(KEY) == store.place(KEY)
