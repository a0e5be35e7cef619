"""`python -m crm.embedded run|start|stop|status`."""

import argparse
import sys

from crm.embedded import postgres, servers, valkey
from crm.embedded.home import Home
from crm.embedded.supervisor import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m crm.embedded", description=__doc__)
    actions = {
        "run": (_run, "services, migrations, web, worker and beat in the foreground, until Ctrl-C"),
        "start": (_start, "start PostgreSQL and Valkey and leave them running"),
        "stop": (_stop, "stop PostgreSQL and Valkey"),
        "status": (_status, "say what is running"),
    }
    parser.add_argument("action", choices=actions, help="; ".join(f"{k}: {v[1]}" for k, v in actions.items()))
    chosen = parser.parse_args().action
    return actions[chosen][0](Home.from_environment())


def _run(home: Home) -> int:
    return run(home)


def _start(home: Home) -> int:
    servers.keep(home, kept=True)
    servers.ensure(home)
    return _status(home)


def _stop(home: Home) -> int:
    servers.keep(home, kept=False)
    servers.stop(home)
    return 0


def _status(home: Home) -> int:
    for name, pid, address in (
        ("PostgreSQL", postgres.running_pid(home), postgres.url(home)),
        ("Valkey", valkey.running_pid(home), valkey.url(home)),
    ):
        print(f"{name}: {f'running, process {pid}, {address}' if pid else 'not running'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
