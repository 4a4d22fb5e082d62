"""A pack made ready for kernels: its tests as tables, its clauses as programs. Made once, used by all threads."""

from dataclasses import dataclass

from besra.engine.field_tests import FieldTests, compiled_tests
from besra.engine.kernels.tables import TextTables
from besra.engine.pack import RulePack
from besra.engine.programs import ClausePrograms, clause_programs
from besra.events.columns import Projection


@dataclass(frozen=True)
class CompiledPack:
    """What learner and firing need of a pack; `fields` are the tests of fields by their number in the projection."""

    fields: dict[int, FieldTests]
    tables: TextTables
    programs: ClausePrograms


def compiled_pack(pack: RulePack, projection: Projection) -> CompiledPack:
    """The pack compiled, for values whose fields are those of a projection."""
    return CompiledPack(*compiled_tests(pack.leaves, projection), clause_programs(pack))
