"""A region can be recognised: its answer is signed, fresh, and shows the words of its key (Security: 3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.fakes.control_plane import FakeControlPlane
from tests.fakes.data_plane import RunningDataPlane, running_data_plane

from planes.tokens.attestation import verify_statement
from planes.tokens.errors import InvalidToken
from planes.tokens.keys import SigningKey
from planes.wire.well_known import Attestation, fingerprint_of, grouped_fingerprint, signed_bytes, six_words

pytestmark = pytest.mark.anyio
NONCE = "n" * 32


async def ask(region: RunningDataPlane, nonce: str = NONCE) -> Attestation:
    answer = await region.client.get("/.well-known/data-plane", params={"nonce": nonce})
    assert answer.status_code == 200
    return Attestation.model_validate(answer.json())


async def test_the_answer_is_signed_for_the_nonce(region: RunningDataPlane) -> None:
    answer = await ask(region)

    verify_statement(answer.public_key, signed_bytes(answer), answer.signature)
    assert (answer.nonce, answer.dataplane_id, answer.region) == (NONCE, "eu1", "Europe")
    assert answer.origins == [str(region.client.base_url).rstrip("/")]
    assert datetime.now(UTC) < answer.not_after <= datetime.now(UTC) + timedelta(minutes=5)


async def test_the_key_is_the_one_that_signs_the_link(region: RunningDataPlane) -> None:
    assert region.control.dataplane_key is not None
    assert (await ask(region)).public_key == region.control.dataplane_key.text == region.plane.identity.public_key


async def test_words_and_fingerprint_follow_from_the_key(region: RunningDataPlane) -> None:
    answer = await ask(region)

    fingerprint = fingerprint_of(answer.public_key)
    assert answer.words == six_words(fingerprint) == region.plane.identity.words
    assert answer.fingerprint == grouped_fingerprint(fingerprint) == region.plane.identity.fingerprint
    assert len(answer.words.split()) == 6


@pytest.mark.parametrize("field", ["dataplane_id", "region", "origins", "nonce", "not_after"])
async def test_no_part_of_the_answer_can_be_changed(region: RunningDataPlane, field: str) -> None:
    answer = await ask(region)
    changes = {"origins": ["http://evil.example"], "not_after": datetime(2099, 1, 1, tzinfo=UTC)}
    changed = answer.model_copy(update={field: changes.get(field, "other")})

    with pytest.raises(InvalidToken):
        verify_statement(answer.public_key, signed_bytes(changed), answer.signature)


async def test_what_else_the_key_signs_is_no_answer(region: RunningDataPlane) -> None:
    """It signs calls and reports of proofs, too: what it says of itself begins with what it is for."""
    answer = await ask(region)
    purpose, _, bare = signed_bytes(answer).partition(b"\n")

    assert b"attestation" in purpose
    with pytest.raises(InvalidToken):
        verify_statement(answer.public_key, bare, answer.signature)


async def test_another_key_did_not_sign_it(region: RunningDataPlane) -> None:
    answer = await ask(region)

    with pytest.raises(InvalidToken):
        verify_statement(SigningKey.generate().public.text, signed_bytes(answer), answer.signature)


@pytest.mark.parametrize("nonce", ["", "short", "n" * 129, "with space and more", "n" * 20 + "\n"])
async def test_a_nonce_has_a_shape(region: RunningDataPlane, nonce: str) -> None:
    answer = await region.client.get("/.well-known/data-plane", params={"nonce": nonce})

    assert answer.status_code == 400


async def test_the_key_survives_a_restart(tmp_path) -> None:
    async with FakeControlPlane().serving() as control:
        async with running_data_plane(tmp_path / "eu1", control) as first:
            before = first.plane.identity.public_key
        async with running_data_plane(tmp_path / "eu1", control, join_token=None) as second:
            after = second.plane.identity.public_key

    assert before == after
    assert (tmp_path / "eu1" / "identity.key").stat().st_mode & 0o777 == 0o600
