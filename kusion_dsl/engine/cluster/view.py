"""What of a live object is compared with what was applied and with what is wanted.

The provider tells of a live object what the inputs speak of, the items of a list by their numbers
(``pruneMap`` in https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/util.go). Where somebody
put an item before ours, that tells of the wrong ones; and it does not tell of what we are about to take from others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from kusion_dsl.model.change import MISSING, Missing
from kusion_dsl.model.difference import Place, items_by
from kusion_dsl.model.keyed import key_of
from kusion_dsl.model.masking import MASKED

_NONE = (0, MISSING)


@dataclass(frozen=True)
class View:
    """Which parts of a live object are looked at.

    Those that ``state`` has; those of ``wanted`` whose labels are in ``others``, who wrote them; and those in ``swept``.
    """

    state: Mapping[str, Any]
    wanted: Mapping[str, Any]
    others: Collection[str]
    swept: Collection[str]

    def of(self, live: Mapping[str, Any]) -> dict[str, Any]:
        """Those parts of ``live``. What is secret in the state, or is to be, is blinded."""
        seen: dict[str, Any] = self._mapping(live, self.state, self.wanted, Place())
        return seen

    def _seen(self, live: Any, state: Any, wanted: Any, place: Place) -> Any | Missing:
        if MASKED in (state, wanted):
            return MASKED
        if isinstance(live, Mapping) and (state is MISSING or isinstance(state, Mapping)):
            seen = self._mapping(live, _mapping(state), _mapping(wanted), place)
            return seen if seen or state is not MISSING or self._is_leaf(place, wanted) else MISSING
        if isinstance(live, list) and (state is MISSING or isinstance(state, list)):
            return self._list(live, state, wanted, place)
        return live if state is not MISSING or self._is_leaf(place, wanted) else MISSING

    def _is_leaf(self, place: Place, wanted: Any) -> bool:
        return place.label in self.swept or (wanted is not MISSING and place.label in self.others)

    def _mapping(
        self, live: Mapping[str, Any], state: Mapping[str, Any], wanted: Mapping[str, Any], place: Place
    ) -> dict[str, Any]:
        parts = {
            key: self._seen(value, state.get(key, MISSING), wanted.get(key, MISSING), place.below(key))
            for key, value in live.items()
        }
        return {key: value for key, value in parts.items() if value is not MISSING}

    def _list(self, live: list[Any], state: Any, wanted: Any, place: Place) -> Any | Missing:
        known, meant = (value if isinstance(value, list) else [] for value in (state, wanted))
        key = key_of(place.field, live, known, meant)
        if key is None:
            whole = state is not MISSING or self._is_leaf(place, wanted)
            return self._numbered(live, known, place) if whole else MISSING
        olds, news = items_by(key, known), items_by(key, meant)
        parts = [
            self._seen(item, olds.get(name, _NONE)[1], news.get(name, _NONE)[1], place.item(name, index, index))
            for name, (index, item) in items_by(key, live).items()
        ]
        seen = [part for part in parts if part is not MISSING]
        return seen if seen or state is not MISSING else MISSING

    def _numbered(self, live: list[Any], state: list[Any], place: Place) -> list[Any]:
        """A list in which only the order tells the items apart: as the provider tells of it, unless others wrote it."""
        if not state or place.label in self.others:
            return live
        pairs = enumerate(zip(live, state, strict=False))
        return [self._seen(item, old, MISSING, place.at(index)) for index, (item, old) in pairs]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
