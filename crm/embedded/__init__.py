"""Embedded servers: PostgreSQL and Valkey that the project itself starts, so that one command sets all up.

*Home* is the folder with all state of an installation (`REGULARS_HOME`, else `var/` in the checkout). *Server* is
PostgreSQL or Valkey. *User* is a process that needs the servers; each holds a shared lock for as long as it lives, and
the last one to leave stops the servers, unless `python -m crm.embedded start` asked that they stay.

`DATABASE_URL` and `REDIS_URL` replace the embedded servers. Nothing here imports Django.
"""

from crm.embedded.commands import is_needed_by
from crm.embedded.home import Home
from crm.embedded.postgres import APPLICATION
from crm.embedded.servers import EmbeddedError, database_url, ensure, redis_url

__all__ = ["APPLICATION", "EmbeddedError", "Home", "database_url", "ensure", "is_needed_by", "redis_url"]
