"""How the tests of all fields lie in memory, where kernels find them: records, by the offsets of their parts."""

from typing import NamedTuple

FORM = 64
CONSTANTS, ALWAYS, ALWAYS_END, BITS, BITS_MASK, TAILS, SLOTS, SLOTS_MASK = range(0, FORM, 8)
"""Bytes of a form of a field (`Tests.forms`): how many constants it has; its globs without a gram; where in `bits` its
four-byte grams are marked, and the number of bits less one, -1 for none; where in `tails`, -1 for none; where in
`slots`, and the number of slots less one."""

FIELD = 56
F_KIND, F_EXISTS, F_WIDE, F_WIDE_END, F_CUTS, F_CUTS_END, F_SECTIONS = range(0, FIELD, 8)
"""Bytes of a field: its kind; the atom that holds of every value, or -1; its wide atoms
(`texts`); of a field of numbers its `cuts`, and where in `sections` the sets of its sections (`ordered`) begin."""

ENTRY = 32
E_KEY, E_HASH, E_PLACE, E_LENGTH = range(0, ENTRY, 8)
"""Bytes of a constant: its form and atom, its hash, where its text is, how long."""

ATOM_BITS = 32


class Tests(NamedTuple):
    """Addresses of the tests of all fields (`tables.TextTables`), and the number of slots of constants less one."""

    fields: int
    forms: int
    constants: int
    constant_slots: int
    constant_mask: int
    constant_texts: int
    wide: int
    always: int
    bits: int
    tails: int
    slots: int
    grams: int
    gram_globs: int
    gram_pieces: int
    gram_offsets: int
    firsts: int
    starts: int
    elements: int
    atoms: int
    asking: int
    states: int
    following: int
    accepting: int
    cuts: int
    sections: int
