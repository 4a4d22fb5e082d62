"""What `besra serve` says and asks of who may reach it."""

from pathlib import Path
from typing import Any

import pytest
from tests.served import free_port

from besra.cli.security import place_of, set_up_notice
from besra.errors import InputError
from besra.service.listening import Place, bound
from besra.service.set_up_token import SetUpToken
from besra.service.stores import Places

GIVEN: dict[str, Any] = {"host": "127.0.0.1", "port": 9200, "tls_cert": None, "tls_key": None, "no_auth": False}


@pytest.mark.parametrize("proxy", ["banana", "10.0.0.1,banana", "10.0.0.1/8", "*", "10.0.0.0/33"])
def test_proxies_that_are_none(proxy: str) -> None:
    with pytest.raises(InputError) as caught:
        place_of({**GIVEN, "proxy": proxy})
    assert caught.value.problem.code == "serve-proxy"


@pytest.mark.parametrize("proxy", [None, "", "127.0.0.1", "10.0.0.0/8, ::1"])
def test_proxies(proxy: str | None) -> None:
    assert place_of({**GIVEN, "proxy": proxy}).proxies == (proxy or "")


def test_the_notice_names_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    place, token = Place("127.0.0.1", 9200), SetUpToken(tmp_path)
    told = set_up_notice(token, place, Places(Path("my data")))
    assert f"  besra user add NAME --role admin --data '{tmp_path}/my data'\n" in told
    told = set_up_notice(token, place, Places(tmp_path, alerts="postgresql://me:geheim@host/besra"))
    assert f"--data {tmp_path} --alerts 'postgresql://me:***@host/besra'\n" in told


def test_an_address_is_had_before_anything_is_said() -> None:
    with bound(Place("127.0.0.1", 0)) as first:
        port = first.place.port
        assert port > 0
        first.sockets[0].listen()
        with pytest.raises(InputError) as caught, bound(Place("127.0.0.1", port)):
            pass
        assert caught.value.problem.code == "serve-address"
        assert f"127.0.0.1:{port}" in caught.value.problem.message
    with bound(Place("127.0.0.1", port)), bound(Place("localhost", free_port())):
        pass
    with pytest.raises(InputError), bound(Place("192.0.2.1", 0)):
        pass
