"""Compiles the message catalogues (.po → .mo) without gettext's programs, which few machines have.

`python -m crm.lib.catalogues FOLDER`. The compiled files are not kept in the repository.
"""

import sys
from pathlib import Path

import polib


def compile_all(folder: Path) -> int:
    """Write the compiled file beside each catalogue; how many there were. Unsure translations are left out."""
    sources = sorted(folder.glob("*/LC_MESSAGES/*.po"))
    for source in sources:
        polib.pofile(str(source)).save_as_mofile(str(source.with_suffix(".mo")))
    return len(sources)


if __name__ == "__main__":
    compile_all(Path(sys.argv[1]))
