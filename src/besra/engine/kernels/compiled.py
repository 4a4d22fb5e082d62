"""The atoms of texts, found by compiled kernels on packed texts."""

import secrets
from collections.abc import Iterable, Sequence

import numpy as np

from besra.engine.kernels.strings import Array, AtomsAt, Constants, Marking, pack, pack_folded, wide_texts
from besra.engine.kernels.texts import Form, Found, TextTests
from besra.engine.kernels.wildcard import Globs


class CompiledFinder:
    """Constants by hash (`strings`), globs by grams (`wildcard`)."""

    def __init__(self, tests: TextTests) -> None:
        self._marks = np.frombuffer(secrets.token_bytes(8 * len(tests.atoms)), np.uint64)
        self._wide = list(tests.wide)
        self._plain = _tests(tests.plain)
        self._folded = _tests(tests.folded)

    def find(self, texts: Sequence[str]) -> Found:
        """What is found in the texts."""
        wide = wide_texts(texts)
        marking = Marking(self._marks, np.zeros(len(texts), np.uint64))
        packed = pack(texts, wide)
        found = [test.find(packed, marking) for test in self._plain]
        if self._folded:
            packed = pack_folded(packed, texts, wide)
            found += [test.find(packed, marking) for test in self._folded]
        if wide and self._wide:
            found.append(self._mark_wide(np.array(wide), marking))
        return Found(marking.of_texts.tolist(), lambda positions: _together(found, np.array(positions)))

    def _mark_wide(self, wide: Array, marking: Marking) -> AtomsAt:
        marking.of_texts[wide] += self._marks[list(self._wide)].sum()
        return lambda positions: [self._wide if is_wide else [] for is_wide in np.isin(positions, wide).tolist()]


def _tests(form: Form) -> list[Constants | Globs]:
    tests: list[Constants | Globs] = [Constants(form.constants)] if form.constants else []
    return [*tests, Globs(form.globs, tuple(form.constants))] if form.globs else tests


def _together(found: Sequence[AtomsAt], positions: Array) -> Iterable[list[int]]:
    return ([atom for atoms in parts for atom in atoms] for parts in zip(*(at(positions) for at in found), strict=True))
