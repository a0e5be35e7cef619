from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CustomersConfig(AppConfig):
    name = "customers"
    verbose_name = _("Customers")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import customers.imports.jobs
        import customers.matching.jobs  # noqa: F401  registers the kinds of job
        from crm.org.permissions import Permission, Role
        from crm.privacy import subjects
        from crm.ui.navigation import Section, register
        from customers import forgetting, touches
        from customers.api import consents as api_consents
        from customers.attributes import offering
        from customers.events import kinds
        from customers.help import fill
        from customers.subjects import People
        from customers.views import consentpanels, merging, outside, privacy, wiring

        till = frozenset({Role.CLERK, Role.AGENT, Role.STORE_MANAGER, Role.REGIONAL_MANAGER})
        register(
            Section(
                "counter",
                _("Counter"),
                "customers:counter",
                icon="scan",
                key="c",
                permission=Permission.FIND_CUSTOMERS,
                order=10,
                home_of=till,
            )
        )
        register(
            Section(
                "customers",
                _("Customers"),
                "customers:list",
                icon="users",
                key="u",
                permission=Permission.VIEW_CUSTOMERS,
                order=20,
                below=("/customers/", "/duplicates/"),
            )
        )
        register(
            Section(
                "nights",
                _("Nights"),
                "customers:nights",
                icon="moon",
                key="n",
                permission=Permission.VIEW_NIGHTS,
                order=80,  # the last: seven are shown
                unless=Permission.MANAGE_ORGANISATION,  # a tab of theirs under Settings
            )
        )
        register(
            Section(
                "imports",
                _("Imports"),
                "customers:imports",
                icon="file-import",
                key="i",
                permission=Permission.VIEW_IMPORTS,
                order=75,
                below=("/imports/", "/quarantine/"),
            )
        )
        wiring.fill()
        merging.fill()
        subjects.register(People())
        privacy.fill()
        forgetting.fill()
        self._name_the_steps()
        touches.fill()
        kinds.fill()
        outside.fill()
        self._fill_own_places()
        consentpanels.fill()
        offering.fill()
        api_consents.fill()
        fill()

    def _fill_own_places(self) -> None:
        from crm.org.permissions import Permission
        from crm.ui import slots
        from customers.api import persona as in_profiles
        from customers.views import persona

        may = Permission.VIEW_CUSTOMERS
        for place, name, build, order in (
            ("customer.main", "persona", persona.liking, 20),
            ("customer.next", "persona_next", persona.needing, 30),
        ):
            slots.offer(place, slots.Panel(name, f"customers/{name}.html", build, may, order=order))
        in_profiles.fill()

    def _name_the_steps(self) -> None:
        from crm.jobs import words

        words.name(
            {
                "match_keys": _("Keys for duplicates"),
                "match_pairs": _("Compare customers"),
                "match_end": _("Tidy the queue"),
                "blocks_cut": _("large blocks cut"),
                "met": _("met in a block"),
                "compared": _("compared"),
                "pairs": _("possible duplicates"),
                "gone": _("no longer alike"),
                "joined": _("joined"),
                "purchase_state": _("Purchases by customer"),
                "lifecycle": _("Lifecycle"),
                "persona": _("Personas"),
                "publish": _("Publish"),
                "due": _("due"),
                "stale": _("with news"),
                "changed": _("changed"),
                "skipped": _("skipped"),
            }
        )
