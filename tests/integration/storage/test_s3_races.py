"""Many processes at one moment on one bucket."""

from __future__ import annotations

import pytest

from tests.stores.races import RaceContract
from tests.stores.s3 import S3


class TestS3(RaceContract):
    @pytest.fixture
    def url(self, s3: S3) -> str:
        return s3.url(f"{s3.bucket()}/folder")
