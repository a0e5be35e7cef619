"""What the tables of libraries hold, by the label of the app. They know nothing of customers."""

from django.utils.translation import gettext_lazy as _

from crm.privacy.register import SEARCH, Table, kept, of_staff, plain

_ATTEMPT = "id attempt_time http_accept path_info"

LIBRARIES: dict[str, dict[str, Table]] = {
    "admin": {
        "LogEntry": kept(
            _("The library's own log of its administration pages, which this product does not open."),
            find=SEARCH, text="object_repr change_message", staff="user",
            plain="id action_time content_type object_id action_flag",
        ),
    },
    "auth": {
        "Permission": plain("id name content_type codename"),
        "Group": plain("id name"),
        "Group_permissions": plain("id group permission"),
        "User": of_staff(
            identity="username first_name last_name", contact="email", behaviour="last_login date_joined",
            plain="id password is_superuser is_staff is_active",
        ),
        "User_groups": plain("id group", staff="user"),
        "User_user_permissions": plain("id permission", staff="user"),
    },
    "contenttypes": {"ContentType": plain("id app_label model")},
    "sessions": {"Session": of_staff(behaviour="session_data", plain="session_key expire_date")},
    "account": {
        "EmailAddress": of_staff(contact="email", identity="user", plain="id verified primary"),
        "EmailConfirmation": of_staff(contact="email_address", plain="id created sent key"),
    },
    "mfa": {"Authenticator": of_staff(identity="user", behaviour="last_used_at", plain="id type data created_at")},
    "axes": {
        "AccessAttempt": of_staff(
            location="ip_address user_agent", identity="username", text="get_data post_data",
            plain=f"{_ATTEMPT} failures_since_start",
        ),
        "AccessAttemptExpiration": plain("access_attempt expires_at"),
        "AccessFailureLog": of_staff(
            location="ip_address user_agent", identity="username", plain=f"{_ATTEMPT} locked_out"
        ),
        "AccessLog": of_staff(
            location="ip_address user_agent", identity="username", behaviour="logout_time",
            plain=f"{_ATTEMPT} session_hash",
        ),
    },
    "django_celery_beat": {
        "SolarSchedule": plain("id event latitude longitude"),
        "IntervalSchedule": plain("id every period"),
        "ClockedSchedule": plain("id clocked_time"),
        "CrontabSchedule": plain("id minute hour day_of_month month_of_year day_of_week timezone"),
        "PeriodicTasks": plain("ident last_update"),
        "PeriodicTask": plain(
            "id name task interval crontab solar clocked args kwargs queue exchange routing_key headers priority"
            " expires expire_seconds one_off start_time enabled last_run_at total_run_count date_changed description"
        ),
    },
}  # fmt: skip
