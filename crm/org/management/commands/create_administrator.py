"""Make an administrator of an empty installation, who then makes everybody else. Prints the first password once."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from crm.org.administration import hire
from crm.org.models import Staff
from crm.org.permissions import Role


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="the name at sign-in")
        parser.add_argument("--name", default="", help="as colleagues see it (default: the name at sign-in)")
        parser.add_argument("--code", default="ADMIN", help='employee number (default: "ADMIN")')

    def handle(self, *, username: str, name: str, code: str, **options: Any) -> None:
        if get_user_model().objects.filter(username__iexact=username).exists():
            raise CommandError(f"Somebody signs in as {username} already.")
        if Staff.objects.filter(code=code).exists():
            raise CommandError(f"The employee number {code} is taken: choose another with --code.")
        values = {"code": code, "name": name or username, "role": Role.ADMINISTRATOR}
        try:
            Staff(**values).full_clean(exclude=["user"])
            get_user_model()(username=username).full_clean(exclude=["password"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        with transaction.atomic():
            _person, password = hire(values, username, by="system:shell")
        self.stderr.write(
            f"{username} is an administrator. The password is not shown again; change it after signing in:"
        )
        self.stdout.write(password)
