"""Documentation is tested: what exists is described, what is described exists, and every example does what it says."""

import ast
import json
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from tests.documents import (
    PAGES,
    ROOT,
    Block,
    anchor_of,
    blocks_of,
    headings_of,
    links_of,
    section_of,
    table_rows,
    text_of,
)
from tests.problem_codes import codes_in
from tests.transcript import WIDTH, differences, execute, steps_of

import besra
from besra.cli.command_line import besra as command_line
from besra.cli.exit_codes import ExitCode
from besra.cli.formats import WRITERS
from besra.demo import write_demo
from besra.language.functions import FUNCTIONS
from besra.rules.convert import convert
from besra.rules.ruleset import load_rules

README, ARCHITECTURE = ROOT / "README.md", ROOT / "ARCHITECTURE.md"
ALERTS, CLI, EQL, PROBLEMS = (ROOT / "docs" / f"{name}.md" for name in ("alerts", "cli", "eql", "problems"))


def page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


# --- examples run -----------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the pages suppose it: `demo` written, a folder of evidence, and rules somebody else wrote."""
    write_demo(tmp_path / "demo")
    write_demo(tmp_path / "evidence")
    rules = tmp_path / "detection-rules" / "rules"
    rules.mkdir(parents=True)
    for text in convert(load_rules(), "toml"):
        (rules / text.file_name).write_text(text.text, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_sessions_print_what_the_page_says(page: Path, desk: Path) -> None:
    for block in blocks_of(page, "console"):
        for step in steps_of(block):
            done = execute(step, desk)
            if done is None:
                continue
            code, printed = done
            at = f"{page_name(page)}:{step.line}: {step.command}"
            assert code == step.code, f"{at}\n{printed}"
            difference = differences(step, printed)
            assert difference is None, f"{at}\nnot printed in its place: {difference}\n\n{printed}"


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_python_examples_run(page: Path, desk: Path) -> None:
    names: dict[str, Any] = {}
    for block in blocks_of(page, "python"):
        run_python(block, names)


def run_python(block: Block, names: dict[str, Any]) -> None:
    """Run a block; `expression  # value` must have the value as it would be shown."""
    lines = block.text.split("\n")
    for statement in ast.parse(block.text).body:
        at = f"{page_name(block.page)}:{block.line + statement.lineno - 1}"
        end = lines[(statement.end_lineno or 1) - 1]
        _, mark, comment = end.encode()[statement.end_col_offset or 0 :].decode().partition("# ")
        if isinstance(statement, ast.Expr) and mark:
            value = eval(compile(ast.Expression(statement.value), at, "eval"), names)
            assert comment in (repr(value), str(value)), f"{at}: {value!r} is not {comment}"
        else:
            exec(compile(ast.Module([statement], []), at, "exec"), names)


# --- what exists is described -----------------------------------------------------------------------------------------


def commands(command: click.Command = command_line, path: str = "besra") -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from commands(inner, f"{path} {name}")


LEAVES = [(path, command) for path, command in commands() if not isinstance(command, click.Group)]
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")


@pytest.mark.parametrize(("path", "command"), LEAVES, ids=[path for path, _ in LEAVES])
def test_every_option_is_in_the_section_of_its_command(path: str, command: click.Command) -> None:
    section = section_of(CLI, path)
    options = {
        text
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for text in (*parameter.opts, *parameter.secondary_opts)
    }
    described = {name for row in table_rows(section) for name in OPTION.findall(row[0])}
    assert options == described


@pytest.mark.parametrize(("path", "command"), LEAVES, ids=[path for path, _ in LEAVES])
def test_the_defaults_are_those_of_the_options(path: str, command: click.Command) -> None:
    rows = list(table_rows(section_of(CLI, path)))
    for option in command.params:
        if isinstance(option, click.Option) and isinstance(option.default, str | int) and not option.is_flag:
            (row,) = (row for row in rows if option.opts[0] in OPTION.findall(row[0]))
            assert str(option.default) in row[2], row[0]


def test_only_commands_that_exist_have_a_section() -> None:
    headed = {text for _, text in headings_of(CLI) if text.startswith("besra ")}
    assert headed == {path for path, _ in LEAVES}


def test_formats_and_exit_codes_are_described() -> None:
    described = {row[0].strip("`") for row in table_rows(section_of(CLI, "Formats"))}
    assert {*WRITERS, "table"} <= described
    codes = [int(row[0].strip("`")) for row in table_rows(section_of(CLI, "Exit codes"))]
    assert codes == list(ExitCode)


def function_rows() -> dict[str, list[str]]:
    """Name → signature, example, value, meaning."""
    return {row[0].strip("`").partition("(")[0]: row for row in table_rows(section_of(EQL, "Functions"))}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_every_function_is_described_and_its_example_is_true(function: Any) -> None:
    signature, example, value, meaning = function_rows()[function.name]
    assert signature.strip("`") == function.signature
    assert function.name.lower() in example.lower()
    assert meaning
    event = json.loads(blocks_of(EQL, "json")[0].text)
    assert besra.evaluate(example.strip("`"), event) == json.loads(value.strip("`"))


def test_only_functions_that_exist_are_described() -> None:
    assert set(function_rows()) == {function.name for function in FUNCTIONS}


def test_every_example_of_a_condition_is_true() -> None:
    event = json.loads(blocks_of(EQL, "json")[0].text)
    rows = [row for heading in ("Operators", "Null and missing fields") for row in table_rows(section_of(EQL, heading))]
    assert rows
    for example, value, *_ in rows:
        assert besra.evaluate(example.strip("`"), event) == json.loads(value.strip("`")), example


def test_the_limits_are_those_of_the_code() -> None:
    rows = {row[0].strip("`"): int(row[1].replace(",", "")) for row in table_rows(section_of(EQL, "Limits"))}
    language = ROOT / "src" / "besra" / "language"
    limits = {
        f"{path.relative_to(language).with_suffix('').as_posix().replace('/', '.')}.{name}": int(value)
        for path in language.rglob("*.py")
        for name, value in re.findall(r"^(MAX_\w+) = ([\d_]+)$", path.read_text("utf-8"), re.MULTILINE)
    }
    assert rows == limits


def test_every_problem_code_is_described_and_no_other() -> None:
    codes = codes_in()
    assert not codes.unresolved, "codes that cannot be read off the source; pass them as literals"
    described = [row[0].strip("`") for row in table_rows(text_of(PROBLEMS))]
    assert len(described) == len(set(described))
    assert set(described) == codes.found


def test_every_field_of_the_besra_block_is_described(tmp_path: Path) -> None:
    described = set(re.findall(r"`besra\.(\w+)`", section_of(ALERTS, "besra")))
    folder = write_demo(tmp_path)[0].parent
    found = {name for alert in besra.scan([folder]) for name in alert["besra"]}
    assert found <= described
    folder = ROOT / "src" / "besra" / "detection"
    source = "".join((folder / f"{name}.py").read_text("utf-8") for name in ("provenance", "execution", "enrichment"))
    assert all(f'"{name}"' in source for name in described)


# --- what is described exists -----------------------------------------------------------------------------------------


def test_the_headings_of_the_architecture_are_the_folders() -> None:
    source = ROOT / "src" / "besra"
    folders = {
        f"{folder.relative_to(source)}/"
        for folder in source.rglob("*")
        if folder.is_dir() and folder.name != "__pycache__" and folder.joinpath("__init__.py").exists()
    }
    headed = {text for _, text in headings_of(ARCHITECTURE) if text.endswith("/")}
    assert headed == folders


def test_the_tests_named_in_the_pages_exist() -> None:
    for page in PAGES:
        for path, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text_of(page)):
            file = ROOT / path
            assert file.is_file(), f"{page_name(page)}: {path}"
            assert not name or f"def {name}(" in file.read_text("utf-8"), f"{page_name(page)}: {path}::{name}"


def test_what_is_not_there_yet_is_not_there() -> None:
    missing = section_of(README, "What it does not do yet")
    paths = {path for path, _ in commands()}
    options = {
        text
        for _, command in commands()
        for parameter in command.params
        for text in (*parameter.opts, *parameter.secondary_opts)
    }
    assert not paths & set(re.findall(r"`(besra [a-z]+)`", missing))
    assert not options & set(re.findall(r"`(--[a-z-]+)`", missing))
    assert not set(dir(besra)) & set(re.findall(r"`besra\.(\w+)\(?\)?`", missing))


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links_of(page):
        target, _, fragment = link.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{page_name(page)}: {link}"
        if fragment:
            anchors = {anchor_of(heading) for _, heading in headings_of(path)}
            assert fragment in anchors, f"{page_name(page)}: {link}"


# --- the repository names no machine ----------------------------------------------------------------------------------

MACHINE_PATH = re.compile("(?<![\\w.])/" + "work(?![\\w-])")
OUTSIDE = re.compile(r"(?<![\w.-])shared/")
KNOWS_OUTSIDE = re.compile(r"tests/|CONTRIBUTING\.md$|\.ci/run$")
"""Where the test inputs that stay outside of the repository may be spoken of."""


def repository_files() -> list[Path]:
    """The files under version control or about to be; without version control, as in a source archive, all files."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = listed.stdout.split("\0") if listed.returncode == 0 else []
    found = [ROOT / name for name in names if name] or [*ROOT.rglob("*")]
    return [path for path in found if path.is_file()]


def test_no_file_names_a_machine() -> None:
    here = [str(ROOT)] if len(ROOT.parts) > 2 else []
    host = socket.gethostname()
    here += [host] if len(host) > 8 and host != "localhost" else []
    wrong = []
    for path in repository_files():
        name = path.relative_to(ROOT).as_posix()
        try:
            lines = path.read_text("utf-8").split("\n")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            speaks_of_outside = OUTSIDE.search(line) and not KNOWS_OUTSIDE.match(name)
            if MACHINE_PATH.search(line) or speaks_of_outside or any(text in line for text in here):
                wrong.append(f"{name}:{number}: {line.strip()[:100]}")
    assert not wrong, "\n".join(wrong)


def test_pins_are_names_and_versions() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").split()
    assert lines
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
