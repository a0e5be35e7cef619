"""A progress bar over several phases, on a terminal only."""

from typing import Any, Self

from tqdm import tqdm


class Bar:
    """Call it with the phase, the rows done in it and the rows in all (0: not known)."""

    def __init__(self) -> None:
        self._bar = tqdm(disable=None, unit=" rows", unit_scale=True, leave=False)
        self._phase = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self._bar.close()

    def __call__(self, phase: str, done: int, total: int) -> None:
        if self._bar.disable:
            return
        if phase != self._phase:
            self._phase = phase
            self._bar.reset(total=total or None)
            self._bar.set_description(phase)
        self._bar.total = total or None
        self._bar.update(done - self._bar.n)
