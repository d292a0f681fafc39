import pytest

from dermxai.access.roles import LOCAL, NEEDS, Person, Role
from dermxai.core.errors import InputError

VIEWER, OPERATOR, ADMIN = (Person(f"code {role}", role, role) for role in Role)
NOBODY = Person("oidc x", "x", None)


@pytest.mark.parametrize("action", NEEDS)
def test_each_action_has_the_least_role_that_may_do_it(action: str) -> None:
    allowed = [person for person in (NOBODY, VIEWER, OPERATOR, ADMIN) if person.may(action)]
    wanted = {Role.OPERATOR: [OPERATOR, ADMIN], Role.ADMIN: [ADMIN]}
    assert allowed == wanted[NEEDS[action]]
    assert LOCAL.may(action, owner="") and LOCAL.may(action, owner="code abc")


def test_an_operator_touches_jobs_of_his_own_only() -> None:
    assert OPERATOR.may("cancel jobs", owner=OPERATOR.id)
    for other in ("code other", ""):
        assert not OPERATOR.may("cancel jobs", owner=other)
        assert ADMIN.may("cancel jobs", owner=other)
    with pytest.raises(InputError, match="of your own only"):
        OPERATOR.check("cancel jobs", owner="code other")
    with pytest.raises(InputError, match="only an admin can delete jobs"):
        OPERATOR.check("delete jobs", owner=OPERATOR.id)
    with pytest.raises(InputError, match="role here is viewer"):
        VIEWER.check("start jobs")
