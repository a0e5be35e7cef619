from typing import Any

from django.urls import path
from django.urls.resolvers import URLPattern

from analytics.views import cohorts, comings, crossshop, gains, revenue
from analytics.views.base import Export, Page, People, PeopleExport

app_name = "analytics"


def _page(page: type[Page], table: Any, behind: Any = None) -> list[URLPattern]:
    """The page, its file, and the customers behind its numbers."""
    key, own = page.key, {"key": page.key, "filters": page.filters}
    found = [
        path(f"analyses/{key}/", page.as_view(), name=key),
        path(f"analyses/{key}/export/", Export.as_view(**own, table=table), name=f"{key}-export"),
    ]
    if behind:
        people = f"analyses/{key}/customers/"
        found += [
            path(people, People.as_view(**own, behind=behind), name=f"{key}-customers"),
            path(
                f"{people}export/", PeopleExport.as_view(**own, behind=behind), name=f"{key}-customers-export"
            ),
        ]
    return found


urlpatterns = [
    *_page(revenue.Revenue, revenue.table, revenue.behind),
    *_page(gains.GainsPage, gains.table, gains.behind),
    *_page(crossshop.CrossShop, crossshop.table, crossshop.behind),
    *_page(comings.Comings, comings.table, comings.behind),
    *_page(cohorts.CohortsPage, cohorts.table),
]
