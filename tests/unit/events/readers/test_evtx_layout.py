import io

from tests.unit.events.readers.evtx_file import CHUNK_SIZE, event, evtx_file

from besra.events.readers.evtx_layout import Layout, read_layout

LOG = evtx_file(*([event(1)] for _ in range(5)))
HEADER = 0x1000


def layout_of(data: bytes) -> Layout:
    return read_layout(io.BytesIO(data))


def test_sound_file() -> None:
    assert layout_of(LOG) == Layout(promised=5)


def test_no_log_has_no_layout() -> None:
    assert layout_of(b"ElfFile\0") == Layout()
    assert layout_of(b"x" * 5000) == Layout()


def test_neighbouring_damaged_chunks_are_one_range() -> None:
    data = bytearray(LOG)
    for number in (0, 2, 3):
        data[HEADER + number * CHUNK_SIZE] = 0
    assert layout_of(bytes(data)) == Layout(damaged=((0, 0), (2, 3)), promised=2)


def test_longer_than_the_header_says_is_no_fault() -> None:
    data = bytearray(LOG)
    data[42:44] = (1).to_bytes(2, "little")
    assert layout_of(bytes(data)) == Layout(promised=5)


def test_cut_in_a_chunk_and_chunks_missing() -> None:
    layout = layout_of(LOG[: HEADER + 3 * CHUNK_SIZE + 100])
    assert layout.missing_bytes == 2 * CHUNK_SIZE - 100
    assert layout.padding == CHUNK_SIZE - 100
    assert layout.promised == 4


def test_impossible_record_numbers_promise_nothing() -> None:
    data = bytearray(LOG)
    data[HEADER + 24 : HEADER + 40] = b"\xff" * 16
    assert layout_of(bytes(data)).promised == 4


def test_parser_message_about_a_damaged_chunk_is_explained() -> None:
    layout = Layout(damaged=((2, 4),))
    message = "Failed to parse chunk number {}: Failed to parse chunk header: x"
    assert layout.explains(message.format(3))
    assert not layout.explains(message.format(5))
    assert not layout.explains("Failed to parse record number 3: x")
