from besra.events.normalise.community_id import community_id

CLIENT, SERVER = ("128.232.110.120", 34855), ("66.35.250.204", 80)


def test_example_of_the_specification() -> None:
    assert community_id("tcp", CLIENT, SERVER) == "1:LQU9qZlK+B5F3KDmev6m5PMibrg="


def test_both_directions_are_one_flow() -> None:
    assert community_id("TCP", SERVER, CLIENT) == community_id("tcp", CLIENT, SERVER)


def test_no_id_for_what_is_no_flow() -> None:
    assert community_id("icmp", CLIENT, SERVER) is None
    assert community_id("tcp", ("x", 1), SERVER) is None
    assert community_id("tcp", ("::1", 1), SERVER) is None
    assert community_id("tcp", ("10.0.0.1", 70000), SERVER) is None
