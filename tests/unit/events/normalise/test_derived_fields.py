from besra.events.normalise.derived_fields import put_arguments, put_related
from besra.events.normalise.nested_document import Document


def test_empty_arguments_are_counted_and_dropped() -> None:
    document: Document = {"process": {"command_line": 'a "" b'}}
    put_arguments(document, "process")
    assert (document["process"]["args"], document["process"]["args_count"]) == (["a", "b"], 3)
    put_arguments(document, "process", count_empty=False)
    assert document["process"]["args_count"] == 2


def test_no_arguments_of_no_command_line() -> None:
    for document in ({}, {"process": {"command_line": "  "}}, {"process": {"command_line": ["a"]}}):
        put_arguments(document, "process")
        assert "args" not in document.get("process", {})


def test_related_values_once_each() -> None:
    document: Document = {"user": {"name": "a"}, "process": {"user": {"name": "a"}}, "source": {"ip": "192.0.2.1"}}
    put_related(document)
    assert document["related"] == {"user": ["a"], "ip": ["192.0.2.1"]}
