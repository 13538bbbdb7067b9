"""Record the journals anew: ``python -m tests.integration.oracle``, with ``pulumi`` and ``go`` on PATH."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from tests.integration.oracle.recording import recorder
from tests.integration.oracle.replayer import build, running
from tests.integration.oracle.stories import STORIES
from tests.unit.engine.journal.journals import RECORDED


def main() -> None:
    """Write one file for each story."""
    pulumi = shutil.which("pulumi")
    assert pulumi, "there is no `pulumi` on PATH"
    RECORDED.mkdir(parents=True, exist_ok=True)
    for name, story in STORIES.items():
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            with running(build(root)) as replayer, recorder(Path(pulumi), root, replayer) as stack:
                story(stack)
            lines = [json.dumps(journal, separators=(",", ":"), sort_keys=True) for journal in stack.journals]
            (RECORDED / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
