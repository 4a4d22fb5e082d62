"""Build the bundled field table from a field list (`field,type,array,first_seen_in,multi_fields`).

    python tools/build_catalogue.py FIELDS.csv > src/besra/schema/fields.csv

Facts only: name, mapping type, array or not. Multi-fields (`process.name.text`) get a row of their own.
"""

import csv
import sys
from pathlib import Path

HEADER = "# field,mapping type,array: ECS 9.5-dev (Apache-2.0) and the Elastic Defend package's field list"


def rows(source: Path) -> dict[str, tuple[str, str]]:
    """Field name to (mapping type, "array" or "")."""
    found: dict[str, tuple[str, str]] = {}
    with source.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["type"] == "alias":  # an alias has its target's type, which the list does not give
                continue
            found.setdefault(row["field"], (row["type"], row["array"]))
            for multi in filter(None, (row["multi_fields"] or "").split("|")):
                name, _, mapping = multi.strip().partition(":")
                found.setdefault(name, (mapping or "keyword", row["array"]))
    return found


def main() -> None:
    """Write the table to standard output, sorted by name."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    print(HEADER)
    for name, (mapping, array) in sorted(rows(Path(sys.argv[1])).items()):
        out.writerow([name, mapping, array])


if __name__ == "__main__":
    main()
