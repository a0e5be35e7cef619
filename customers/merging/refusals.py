"""Why two customers are not merged, or a merge is not undone. Nothing has changed then."""

from typing import ClassVar

from crm.lib.refusals import Refusal


class CannotMerge(Refusal):
    code: ClassVar[str] = "cannot_merge"
    status: ClassVar[int] = 409


class IdentifiersConflict(CannotMerge):
    """They have different identifiers of a kind of which a person has one. Somebody must say that it is one person,
    and why; a programme never does. `kinds` names the kinds."""

    code: ClassVar[str] = "identifiers_conflict"

    def __init__(self, message: object, kinds: tuple[str, ...]) -> None:
        super().__init__(message)
        self.kinds = kinds


class InvalidChoice(CannotMerge):
    code: ClassVar[str] = "invalid_choice"
    status: ClassVar[int] = 422


class CannotUndo(Refusal):
    code: ClassVar[str] = "cannot_undo_merge"
    status: ClassVar[int] = 409
