from crm.org.permissions import Permission
from crm.ui.views import StaffView


class NewList(StaffView):
    permission = Permission.EDIT_SEGMENTS


class ChangeList(StaffView):
    permission = Permission.EDIT_SEGMENTS
