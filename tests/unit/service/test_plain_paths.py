"""Paths of requests."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from besra.service.plain_paths import named, plain


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        (b"/", "/"),
        (b"", "/"),
        (b"//", "/"),
        (b"/_bulk/", "/_bulk"),
        (b"//x//_bulk", "/x/_bulk"),
        (b"/%3Clogs-%7Bnow%2Fd%7D%3E", "/<logs-{now%2Fd}>"),
        (b"/x/_doc/a%2Fb", "/x/_doc/a%2Fb"),
        (b"/x/_doc/a%252Fb", "/x/_doc/a%252Fb"),
        ("/größe".encode(), "/größe"),
        (b"/gr%C3%B6%C3%9Fe", "/größe"),
    ],
)
def test_plain(sent: bytes, known: str) -> None:
    assert plain(sent) == known


@given(st.binary())
def test_any_bytes_are_a_path(sent: bytes) -> None:
    path = plain(sent)
    assert path == "/" or (path.startswith("/") and "//" not in path and not path.endswith("/"))


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_name_comes_back_whatever_it_holds(name: str) -> None:
    path = plain(f"/x/_doc/{quote(name, safe='')}".encode())
    assert path.count("/") == 3
    request = Request({"type": "http", "path_params": {"id": path.rpartition("/")[2]}})
    assert named(request, "id") == name
    assert named(request, "index") is None
