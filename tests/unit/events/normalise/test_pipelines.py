"""The normalisers against documents of the public pipelines (`python -m tests.pipelines` shows what differs)."""

import pytest
from tests.pipelines import run, summary
from tests.shared import SHARED, needs_shared


@needs_shared
@pytest.mark.parametrize(("folder", "equal_percent"), [("sysmon", 100.0), ("security", 99.0), ("powershell", 99.0)])
def test_documents_are_those_of_the_pipelines(folder: str, equal_percent: float) -> None:
    cases = run(SHARED / "data" / "pipelines" / folder)
    totals = summary(cases)
    assert cases
    assert totals["equal_percent"] >= equal_percent, totals["differences"]
