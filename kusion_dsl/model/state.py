"""What lies in a backend of the state of one stack: bytes, which only the engine can read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StateAtRest:
    """The state of a stack between two runs, or after one that died.

    - ``where``: the place of the published copy, ``ours`` that of everything else, for people
    - ``published``: the copy that a plain ``pulumi`` reads and writes; None if there is none
    - ``folded``: the newest state that a run of ours left; None if none did
    - ``journal``: what a run that died wrote after that: first what it began with, then one record for each batch;
      empty if there is none
    - ``is_foreign``: whether the published copy is nothing that a run of ours wrote
    - ``is_unfinished``: whether a run that died has left something that the next one has to remove
    """

    where: str
    ours: str
    published: bytes | None = None
    folded: bytes | None = None
    journal: tuple[bytes, ...] = ()
    is_foreign: bool = False
    is_unfinished: bool = False
