import pytest

from besra.events.normalise.vendor_name import snake_case


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("DeviceName", "device_name"),
        ("InitiatingProcessMD5", "initiating_process_md5"),
        ("IPAddress", "ip_address"),
        ("src.process.isNative64Bit", "src.process.is_native64_bit"),
        ("sca:ingestTime", "sca_ingest_time"),
        ("", ""),
    ],
)
def test_names(raw: str, name: str) -> None:
    assert snake_case(raw) == name
