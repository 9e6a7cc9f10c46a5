"""Who lacks a grant is told who has it."""

import pytest

from planes.domain.access import Grant, tell_lack


@pytest.mark.parametrize(
    ("grant", "whom"),
    [
        (Grant.VARIABLES_READ, "; it is for owners of the workspace."),
        (Grant.ALERTS_WRITE, "; it is for owners and developers of the workspace who are signed in."),
        (Grant.READ, "; it is for owners and developers and viewers of the workspace."),
    ],
)
def test_a_lack_names_the_roles_that_have_it(grant: Grant, whom: str) -> None:
    said = tell_lack(grant)

    assert said.startswith(f"This needs the grant {grant}, which your role does not give")
    assert said.endswith(whom)
