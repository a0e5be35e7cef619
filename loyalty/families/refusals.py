"""What families refuse. Then nothing has changed."""

from typing import ClassVar

from django.utils.translation import gettext as _

from crm.lib.refusals import Refusal

MOST = 8


class InAFamily(Refusal):
    code: ClassVar[str] = "in_a_family"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("They are in a family already. A person is in one at a time."))


class FamilyIsFull(Refusal):
    code: ClassVar[str] = "family_full"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("A family has at most %(n)s members.") % {"n": MOST})


class NotInAFamily(Refusal):
    code: ClassVar[str] = "not_in_a_family"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("They are not in a family."))


class NotTheHead(Refusal):
    code: ClassVar[str] = "not_the_head"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(_("Who has been in the family longest invites others."))


class NoSuchInvite(Refusal):
    """Wrong, used or too old: which of these is not told."""

    code: ClassVar[str] = "no_such_invitation"

    def __init__(self) -> None:
        super().__init__(_("This code opens no family. Ask for a new one."))


class WithThemselves(Refusal):
    code: ClassVar[str] = "family_with_oneself"

    def __init__(self) -> None:
        super().__init__(_("Both are one customer."))


class FamilyIsWhole(Refusal):
    """A single part of what was spent with the family is not given back."""

    code: ClassVar[str] = "family_is_whole"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(
            _("These points were spent with a family: they go back together, from whoever spent them.")
        )
