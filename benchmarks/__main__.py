"""Runs benchmarks and prints their tables. Exit 1 when a bar is missed at full size or a benchmark fails."""

import argparse
import json
import os
import platform
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, table

HERE = Path(__file__).parent


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="beginnings of names; all without")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="share of the full size of the data (default 1)"
    )
    parser.add_argument("--list", action="store_true", help="only say which there are")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    names = [n for n in benchmarks() if not options.names or n.startswith(tuple(options.names))]
    if options.list:
        print("\n".join(names))
        return 0
    if not names:
        parser.error("no benchmark has such a name (--list)")
    if not 0 < options.scale <= 1:
        parser.error("--scale is a number above 0 and at most 1")
    return run(names, scale=options.scale, json_path=options.json)


def benchmarks() -> list[str]:
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def run(names: list[str], *, scale: float, json_path: Path | None) -> int:
    lab = prepare(scale)
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, scale {scale:g}\n"
    )
    failed, results = False, []
    for name in names:
        try:
            module = import_module(f"benchmarks.bench_{name}")
            figures: list[Figure] = list(module.run(lab))
        except Exception:  # noqa: BLE001 (the others still run)
            failed = True
            print(f"{name}: failed")
            traceback.print_exc()
            continue
        judged = scale >= 1
        print(table(f"{name}: {module.TITLE}", figures, judged=judged) + "\n", flush=True)
        failed |= judged and any(figure.is_cleared is False for figure in figures)
        results += [as_json(name, figure) for figure in figures]
    if json_path:
        json_path.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    return int(failed)


def prepare(scale: float) -> Any:
    """Servers and a migrated template, apart from the installation in `var/`."""
    home = Path(os.environ.get("REGULARS_HOME") or HERE.parent / "var").absolute() / "bench"
    os.environ["REGULARS_HOME"] = str(home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings.development")
    os.environ.pop("DATABASE_URL", None)  # never somebody's real database
    home.mkdir(parents=True, exist_ok=True)
    from crm import embedded

    embedded.ensure()
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from benchmarks.lab import Lab

    return Lab(home, scale)


def as_json(name: str, figure: Figure) -> dict[str, Any]:
    return {
        "benchmark": name,
        "what": figure.what,
        "measured": figure.measured,
        "unit": figure.unit,
        "beside": figure.beside,
        "other": figure.other,
        "ratio": figure.ratio,
        "bar": str(figure.bar) if figure.bar else None,
        "is_cleared": figure.is_cleared,
    }


if __name__ == "__main__":
    sys.exit(main())
