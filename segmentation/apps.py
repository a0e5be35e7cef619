from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class SegmentationConfig(AppConfig):
    name = "segmentation"
    verbose_name = _("Segments")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from customers import nights, whole
        from segmentation import attributes, audience, reporting
        from segmentation.api import profile
        from segmentation.churn import report, risks
        from segmentation.clusters import reading as clusters
        from segmentation.help import fill
        from segmentation.lifetime import report as fits
        from segmentation.lookalikes import jobs, seeds  # noqa: F401  registers the kind of job
        from segmentation.models import ChurnNight, LifetimeFit, Scheme
        from segmentation.products import suggesting
        from segmentation.segments import evaluating, membership
        from segmentation.shelf.engine import ShelfEngine
        from segmentation.targets import measures, reminding

        post_migrate.connect(watch_tables, dispatch_uid="segmentation.watch_tables")
        nights.use_window(lambda: Scheme.current().window_days)
        attributes.fill()
        evaluating.use(ShelfEngine())
        profile.fill()
        whole.offer("leaving", risks.TOLD)
        whole.offer("segments", membership.TOLD)
        whole.offer("cluster", clusters.TOLD)
        reporting.offer("churn", report.report)
        reporting.offer("lifetime", fits.report)
        measures.offer_scores(
            "lifetime", measures.VALUE, _("Expected value of 365 days"), table="segmentation_lifetimescore",
            column="value_365", fits=LifetimeFit,
        )  # fmt: skip
        measures.offer_scores(
            "churn", measures.CHURN, _("Probability of leaving"), table="segmentation_churnscore",
            column="probability", fits=ChurnNight,
        )  # fmt: skip
        audience.fill()
        seeds.fill()
        reminding.fill()
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
            "customer.main",
            slots.Panel("leaving", "segmentation/panel_leaving.html", panels.leaving, may, order=12),
        )
        slots.offer(
            "customer.head",
            slots.Panel("group", "segmentation/panel_head.html", panels.standing, may, order=10),
        )
        slots.offer(
            "customer.side",
            slots.Panel("groups", "segmentation/panel_groups.html", panels.movement, may, order=10),
        )
        slots.offer(
            "customer.side",
            slots.Panel("segments", "segmentation/panel_segments.html", panels.in_segments, may, order=12),
        )
        slots.offer(
            "customer.head",
            slots.Panel("cluster", "segmentation/panel_cluster.html", panels.cluster, may, order=15),
        )
        slots.offer(
            "customer.side",
            slots.Panel("lifetime", "segmentation/panel_lifetime.html", panels.lifetime, may, order=8),
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
                below=("/segments/", "/analyses/"),
                home_of=frozenset({Role.MARKETER, Role.ANALYST}),
            )
        )
        words.name(
            {
                "rfm": _("RFM scores"),
                "value_class": _("Value classes"),
                "snapshot": _("Groups"),
                "churn": _("Who is leaving"),
                "scored": _("scored"),
                "clusters": _("Clusters"),
                "lookalikes": _("Look-alikes"),
            }
        )


def watch_tables(using: str = "default", app_config: AppConfig | None = None, **_signal: Any) -> None:
    """After migrations (the signal comes when all of them have run): have changes of customers noted."""
    if app_config is None or app_config.name == SegmentationConfig.name:
        from segmentation.following import watching

        watching.install(using)
