from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SegmentationConfig(AppConfig):
    name = "segmentation"
    verbose_name = _("Segments")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from customers import nights
        from segmentation import audience
        from segmentation.api import profile
        from segmentation.help import fill
        from segmentation.models import Scheme
        from segmentation.products import suggesting

        nights.use_window(lambda: Scheme.current().window_days)
        profile.fill()
        audience.fill()
        suggesting.fill()
        self._fill_the_pages()
        fill()

    def _fill_the_pages(self) -> None:
        from crm.jobs import words
        from crm.org.permissions import Permission, Role
        from crm.ui import slots
        from crm.ui.navigation import Section, register
        from segmentation import panels
        from segmentation.views import suggestions

        may = Permission.VIEW_CUSTOMERS
        slots.offer(
            "customer.main",
            slots.Panel("scores", "segmentation/panel_scores.html", panels.scores, may, order=10),
        )
        slots.offer(
            "customer.head",
            slots.Panel("group", "segmentation/panel_head.html", panels.standing, may, order=10),
        )
        slots.offer(
            "customer.side",
            slots.Panel("groups", "segmentation/panel_groups.html", panels.movement, may, order=10),
        )
        suggestions.fill()
        slots.add_column(
            "customer.list", slots.Column("group", _("Group"), panels.group_column, may, order=10)
        )
        register(
            Section(
                "segments",
                _("Segments"),
                "segmentation:segments",
                icon="chart-grid-dots",
                key="s",
                permission=Permission.VIEW_SEGMENTS,
                order=30,
                home_of=frozenset({Role.MARKETER, Role.ANALYST}),
            )
        )
        words.name(
            {
                "rfm": _("RFM scores"),
                "value_class": _("Value classes"),
                "snapshot": _("Groups"),
                "scored": _("scored"),
            }
        )
