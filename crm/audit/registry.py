"""What apps say about their tables, in a module `audited.py` in plain names; `Act` is all that they need from here:

    TRACKED = {"Store": "", "ApiKey": "last_used_at"}   tables whose changes the database itself sees, each with the
                                                        columns that do not matter there
    WORDS = {"store.close": Act(_("Store closed"), icon="x")}   what people call an act (`crm/audit/words.py`)
    PAGES = {"Store": "org:store"}                      the page of a record, by its public id or number
    PLAIN = {"Customer": "home_store"}                  values that the trail keeps beyond those of plain columns

Which columns are plain is told by the register of personal data (`crm/privacy/register.py`). PLAIN adds only what no
column of the table is (a set of links), or what an erasure leaves anyway.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig, apps
from django.db import models

from crm.privacy import register

# Of nobody, and yet for nobody's eyes.
SECRETS = frozenset({"password", "digest", "public_id_key", "secret", "data"})


@dataclass(frozen=True)
class Act:
    """What was done, in words, and its icon. (Named by `icon=`, so that the front-end build finds it.)"""

    words: Any  # translatable
    icon: str


@lru_cache(maxsize=512)
def is_plain(model: type[models.Model], name: str) -> bool:
    """Whether values of this column may stand in the trail. Default is no."""
    name = name.removesuffix("_id")
    try:
        table = register.table_of(model)
    except register.Unclassified:
        return False
    if name in table.plain:
        return name not in SECRETS
    is_kept = name not in table.columns or table.erasure_of(name) is register.KEEP
    config = model._meta.app_config
    more = told(config, "PLAIN").get(model._meta.object_name or "", "") if config else ""
    return is_kept and name in more.split()


def tracked() -> dict[type[models.Model], frozenset[str]]:
    """Model to the columns whose changes do not matter, for every table that the database watches."""
    found: dict[type[models.Model], frozenset[str]] = {}
    for config in apps.get_app_configs():
        for name, ignored in told(config, "TRACKED").items():
            model = apps.get_model(name) if "." in name else config.get_model(name.partition("_of_")[0])
            found[_link_table(config, name) or model] = frozenset(ignored.split())
    return found


def _link_table(config: AppConfig, name: str) -> type[models.Model] | None:
    """ "Staff_of_stores" is the hidden table of the field `stores` of Staff."""
    owner, of, field = name.partition("_of_")
    if not of:
        return None
    link: Any = config.get_model(owner)._meta.get_field(field)
    return link.remote_field.through


@lru_cache(maxsize=64)
def told(config: AppConfig, what: str) -> dict[str, Any]:
    """What the app's `audited.py` says under this name."""
    name = f"{config.name}.audited"
    return dict(getattr(import_module(name), what, {})) if find_spec(name) else {}
