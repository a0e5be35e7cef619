"""One terminal for many processes: each line says who wrote it."""

import contextlib
import sys
import threading
from typing import IO

COLOURS = {"services": 36, "set-up": 35, "web": 32, "worker": 33, "beat": 34}
WIDTH = max(len(name) for name in COLOURS)
_lock = threading.Lock()


def say(name: str, text: str) -> None:
    """Print a line under a name."""
    label = f"{name:<{WIDTH}} │"
    if sys.stdout.isatty():
        label = f"\033[{COLOURS.get(name, 37)}m{label}\033[0m"
    _print(f"{label} {text}")


def announce(text: str) -> None:
    """Print a line of our own, to be seen."""
    _print(f"\n{text}\n")


def _print(text: str) -> None:
    # The terminal may be gone; the system is then ended in order, not by an error on the way.
    with _lock, contextlib.suppress(OSError, ValueError):
        print(text, flush=True)


def repeat(name: str, stream: IO[bytes]) -> threading.Thread:
    """Print what a process writes, line by line, until it closes."""

    def follow() -> None:
        with stream:
            for line in stream:
                # A progress bar rewrites its line; of all its states only the last is worth a line here.
                text = line.decode(errors="replace").rstrip("\n").rpartition("\r")[2].rstrip()
                if text:
                    say(name, text)

    thread = threading.Thread(target=follow, name=f"output of {name}", daemon=True)
    thread.start()
    return thread
