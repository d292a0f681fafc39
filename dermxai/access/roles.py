"""What people may do, and what for: a viewer looks and uploads, an operator also starts and cancels
jobs of his own, an admin also deletes, and touches what belongs to others."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from dermxai.core.errors import InputError


class Role(StrEnum):
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def reaches(self, other: "Role") -> bool:
        """Whether it may do all that the other one may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


NEEDS: Mapping[str, Role] = {
    "open paths": Role.OPERATOR,
    "start jobs": Role.OPERATOR,
    "map datasets": Role.OPERATOR,
    "look at the test": Role.OPERATOR,
    "keep checkpoints": Role.OPERATOR,
    "keep slices": Role.OPERATOR,
    "annotate images": Role.OPERATOR,
    "run reader studies": Role.OPERATOR,
    "run lessons": Role.OPERATOR,
    "cancel jobs": Role.OPERATOR,
    "delete jobs": Role.ADMIN,
    "withdraw datasets": Role.ADMIN,
    "remove reader studies": Role.ADMIN,
}
"""The role for each action on others' data or on the machine."""


@dataclass(frozen=True)
class Person:
    """Somebody who has come in.

    Attributes:
        id: what tells this person from others, such as "code k3m9qd" or "oidc 1f0c…"; all who come
            by one code are one person. Empty where nobody has to log in.
        name: to be shown.
        role: none of an identity that is known and has no role here.
        visit: which of this person's visits it is; for the audit log.
    """

    id: str
    name: str
    role: Role | None
    visit: str = ""

    def may(self, action: str, *, owner: str | None = None) -> bool:
        """Whether this person may do it.

        Args:
            owner: the id of whose job it is; None where that does not matter.
        """
        if self.role is None or not self.role.reaches(NEEDS[action]):
            return False
        return owner is None or self.role is Role.ADMIN or (owner == self.id and owner != "")

    def check(self, action: str, *, owner: str | None = None) -> None:
        """
        Raises:
            InputError: this person may not do it.
        """
        if self.may(action, owner=owner):
            return
        if self.may(action):
            raise InputError(
                f"You can {action} of your own only; this one belongs to somebody else. Ask an "
                "admin of this server."
            )
        raise InputError(
            f"Your role here is {self.role or 'none'}, and only an {NEEDS[action]} can {action}. "
            "Ask who runs this server."
        )


LOCAL = Person("", "this computer", Role.ADMIN)
"""Who sits at this computer, where nobody has to log in."""
