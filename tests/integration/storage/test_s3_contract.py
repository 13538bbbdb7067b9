"""The object store on an S3: the contract of every store."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kusion_dsl.storage.store import Store, open_store
from tests.stores.contract import AddressedStoreContract
from tests.stores.s3 import S3


class TestS3(AddressedStoreContract):
    @pytest.fixture(params=["", "/a/folder of it"], ids=["bucket", "folder"])
    def opened(self, s3: S3, request: pytest.FixtureRequest) -> Callable[[], Store]:
        url = s3.url(f"{s3.bucket()}{request.param}")
        return lambda: open_store(url)
