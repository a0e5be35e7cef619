from django.urls import path

from crm.org.views import keys, organisation, people, stores

app_name = "org"
urlpatterns = [
    path("", organisation.ChainSettings.as_view(), name="chain"),
    path("regions/", organisation.Regions.as_view(), name="regions"),
    path("regions/new/", organisation.RegionRecord.as_view(), name="region-new"),
    path("regions/<int:pk>/", organisation.RegionRecord.as_view(), name="region"),
    path("stores/", stores.Stores.as_view(), name="stores"),
    path("stores/new/", stores.StoreRecord.as_view(), name="store-new"),
    path("stores/<int:pk>/", stores.StoreRecord.as_view(), name="store"),
    path("stores/<int:pk>/closure/", stores.StoreClosure.as_view(), name="store-closure"),
    path("departments/", organisation.Departments.as_view(), name="departments"),
    path("departments/new/", organisation.DepartmentRecord.as_view(), name="department-new"),
    path("departments/<int:pk>/", organisation.DepartmentRecord.as_view(), name="department"),
    path("staff/", people.StaffList.as_view(), name="staff"),
    path("staff/new/", people.StaffRecord.as_view(), name="person-new"),
    path("staff/<int:pk>/", people.StaffRecord.as_view(), name="person"),
    path("staff/<int:pk>/departure/", people.Departure.as_view(), name="departure"),
    path("staff/<int:pk>/password/", people.Password.as_view(), name="password"),
    path("keys/", keys.Keys.as_view(), name="keys"),
    path("keys/new/", keys.NewKey.as_view(), name="key-new"),
    path("keys/<int:pk>/revocation/", keys.Revocation.as_view(), name="revocation"),
]
