"""Passwords and other secrets: how they are kept."""

import pytest

from besra.service.passwords import LONGEST, PasswordError, hashed, is_password, new_secret, secret_digest


def test_passwords_are_kept_by_argon2id_as_dear_as_the_rfc_wants() -> None:
    first, second = hashed("correct horse"), hashed("correct horse")
    assert first.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert first != second
    assert is_password("correct horse", first)
    assert not is_password("correct horses", first)
    assert not is_password("correct horse", None)
    assert not is_password("correct horse", "no hash")


def test_no_part_of_a_password_is_left_out() -> None:
    whole = "x" * LONGEST
    assert not is_password(f"{whole}y", hashed(whole))


@pytest.mark.parametrize("password", ["", "short", "x" * (LONGEST + 1), "0123456789\ud800"])
def test_passwords_nobody_may_have(password: str) -> None:
    with pytest.raises(PasswordError) as caught:
        hashed(password)
    assert not password or password not in str(caught.value)


def test_secrets_are_long_and_different() -> None:
    secrets = {new_secret() for _ in range(1000)}
    assert len(secrets) == 1000
    assert min(map(len, secrets)) >= 32
    assert len({secret_digest(secret) for secret in secrets}) == 1000
