"""The file of a form comes out as it was put in, and what is no form is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.service.form import FormError, file_of

KIND = "multipart/form-data; boundary=----b"


def form(*parts: tuple[str, bytes]) -> bytes:
    told = (b'------b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (n.encode(), d) for n, d in parts)
    return b"".join(told) + b"------b--\r\n"


@given(st.binary(min_size=1).filter(lambda data: b"------b" not in data))
def test_any_file_comes_out_as_it_was(data: bytes) -> None:
    assert file_of(form(("other", b"x"), ("file", data), ("file", b"second")), KIND, "file") == data


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"", "application/json", "multipart/form-data"),
        (b"", "", "multipart/form-data"),
        (b"x", "multipart/form-data", "boundary"),
        (b"x", KIND, "cannot be read"),
        (form(("file", b"x"))[:-8], KIND, "cut off"),
        (form(("other", b"x")), KIND, "no field `file`"),
        (form(("file", b"")), KIND, "or it is empty"),
        (form(*[("a", b"x")] * 101), KIND, "more than 100 parts"),
    ],
)
def test_what_is_no_form_is_said(body: bytes, kind: str, said: str) -> None:
    with pytest.raises(FormError, match=said):
        file_of(body, kind, "file")


@given(st.binary(), st.text(max_size=40))
def test_any_bytes_are_a_form_or_none(body: bytes, kind: str) -> None:
    for content_type in (KIND, kind, f"multipart/form-data; boundary={kind}"):
        try:
            assert file_of(body, content_type, "file")
        except FormError as error:
            assert error.status in (400, 415)
