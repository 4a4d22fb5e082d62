"""Tokens, comments and strings: eql.md 1.1 and 1.2."""

import time

import pytest

from besra.errors import QuerySyntaxError
from besra.language.eql.lexer import KEYWORDS, Kind, Token, tokenize
from besra.language.query_text import MAX_QUERY_CHARACTERS


def tokens(text: str) -> list[Token]:
    found = tokenize(text)
    assert found[-1].kind is Kind.END
    return found[:-1]


def texts(text: str) -> list[str]:
    return [token.text for token in tokens(text)]


def one(text: str) -> Token:
    (token,) = tokens(text)
    return token


def refusal(text: str) -> QuerySyntaxError:
    with pytest.raises(QuerySyntaxError) as caught:
        tokenize(text)
    return caught.value


# --- white space and comments -----------------------------------------------------------------------------------------


def test_white_space_is_insignificant() -> None:
    assert texts("a\tb\r\nc  d") == ["a", "b", "c", "d"]


@pytest.mark.parametrize("char", ["\f", "\v", "\u00a0", "\u2028", "\0", "\ufeff"])
def test_other_blanks_are_no_white_space(char: str) -> None:
    assert f"U+{ord(char):04X}" in refusal(f"a {char}b").message


@pytest.mark.parametrize(
    "text",
    [
        "a // to the end of the line\nb",
        "a // with a /* inside\nb",
        "a/* over\nlines */b",
        "a /* one /* inside */ the other */ b",
        "a /* // */ b",
        "a /**/ b // at the end",
        "/* before */ a b",
        "a //\r\nb",
    ],
)
def test_comments_vanish(text: str) -> None:
    assert texts(text) == ["a", "b"]


def test_a_comment_mark_in_a_string_is_text() -> None:
    assert [t.value for t in tokens('"http://x" "/* y */"')] == ["http://x", "/* y */"]


@pytest.mark.parametrize("text", ["a /* b", "/*", "a /* /* */", "/*/"])
def test_an_open_comment_is_refused_where_it_starts(text: str) -> None:
    error = refusal(text)
    assert "comment is never closed" in error.message
    assert (error.line, error.column) == (1, text.index("/*") + 1)


# --- words ------------------------------------------------------------------------------------------------------------


def test_the_keywords_are_these() -> None:
    listed = "and any by false in join like maxspan not null of or regex sample sequence true until where with"
    assert set(listed.split()) == KEYWORDS


@pytest.mark.parametrize("word", sorted(KEYWORDS))
def test_keywords_are_lower_case_only(word: str) -> None:
    assert one(word).kind is Kind.KEYWORD
    assert one(word.upper()).kind is Kind.IDENT
    assert one(word + "x").kind is Kind.IDENT


@pytest.mark.parametrize("word", ["runs", "head", "tail", "fork", "x", "_x", "@timestamp", "@", "a1", "ä", "Ελ"])
def test_identifiers(word: str) -> None:
    token = one(word)
    assert (token.kind, token.value) == (Kind.IDENT, word)


@pytest.mark.parametrize("word", ["in~", "like~", "regex~"])
def test_glued_keywords_are_one_token(word: str) -> None:
    assert one(word).kind is Kind.KEYWORD
    assert texts(word.replace("~", " ~")) == [word[:-1], "~"]


def test_other_words_do_not_take_the_tilde() -> None:
    assert texts("startsWith~(") == ["startsWith", "~", "("]
    assert texts("and~") == ["and", "~"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("`my-field`", "my-field"),
        ("`a``b`", "a`b"),
        ("````", "`"),
        ("`sequence`", "sequence"),
        ("`1`", "1"),
        ("`a b`", "a b"),
        ("`a.b`", "a.b"),
    ],
)
def test_quoted_identifiers(text: str, name: str) -> None:
    token = one(text)
    assert (token.kind, token.value) == (Kind.QUOTED, name)


@pytest.mark.parametrize("text", ["`abc", "`", "`a``"])
def test_an_open_back_tick_is_refused(text: str) -> None:
    assert "back-tick is never closed" in refusal(text).message


def test_an_empty_quoted_name_is_refused() -> None:
    assert "cannot be empty" in refusal("``").message


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("123", 123),
        ("007", 7),
        ("1.", 1.0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.5E-2", 0.015),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", 2.0**63),
        ("1" + "0" * 300, 1e300),
    ],
)
def test_numbers(text: str, value: float) -> None:
    token = one(text)
    assert token.value == value
    assert type(token.value) is type(value)
    assert token.kind is (Kind.INT if isinstance(value, int) else Kind.FLOAT)


def test_a_sign_is_an_operator_of_its_own() -> None:
    assert texts("-1") == ["-", "1"]
    assert texts("+.5") == ["+", ".5"]


def test_a_number_beyond_doubles_is_refused() -> None:
    assert "too large" in refusal("1e400").message
    assert "too large" in refusal("1" + "0" * 400).message


@pytest.mark.parametrize("text", ["٣", "३", ".٣"])
def test_digits_are_ascii(text: str) -> None:
    """`str.isdigit` and `\\d` know hundreds of others, and superscripts that no number can be made of."""
    assert "unexpected character" in refusal(text).message


def test_a_superscript_behind_a_dot_is_no_number() -> None:
    assert texts(".²") == [".", "²"]


# --- strings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('""', ""),
        ('"a"', "a"),
        (r'"\b\t\n\f\r\"\'\\"', "\b\t\n\f\r\"'\\"),
        (r'"C:\\Temp"', "C:\\Temp"),
        (r'"\u{41}\u{0041}\u{00000041}"', "AAA"),
        (r'"\u{202E}\u{202e}"', "\u202e\u202e"),
        (r'"\u{10ffff}"', "\U0010ffff"),
        (r'"\\u{41}"', r"\u{41}"),
        ('"it\'s"', "it's"),
        ('"\t"', "\t"),
    ],
)
def test_strings(text: str, value: str) -> None:
    token = one(text)
    assert (token.kind, token.value) == (Kind.STRING, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('""""""', ""),
        ('"""C:\\Temp"""', "C:\\Temp"),
        ('"""say "hi""""', 'say "hi"'),
        ('"""say ""hi"""""', 'say ""hi""'),
        ('""""quoted" first"""', '"quoted" first'),
        ('"""\\u{41}"""', "\\u{41}"),
        ('"""""""', '"'),
        ('""""""""', '""'),
    ],
)
def test_raw_strings(text: str, value: str) -> None:
    token = one(text)
    assert (token.kind, token.value, token.text) == (Kind.STRING, value, text)


def test_a_third_extra_quote_begins_the_next_token() -> None:
    assert "never closed" in refusal('"""a""""""').message
    assert [t.value for t in tokens('"""a""" "b"')] == ["a", "b"]


@pytest.mark.parametrize("escape", [r"\T", r"\x", r"\0", r"\?", r"\*", r"\a", r"\ ", r"\U{41}"])
def test_other_escapes_are_refused(escape: str) -> None:
    error = refusal(f'  "C:{escape}emp"')
    assert f"invalid escape {escape}"[:16] in error.message
    assert error.column == 6
    assert error.hint and "\\\\" in error.hint and '"""' in error.hint


@pytest.mark.parametrize(
    "escape", [r"\u41", r"\u{}", r"\u{4}", r"\u{000000041}", r"\u{zz}", r"\u{41", r"\u", r"\u{ 41}", r"\u{+041}"]
)
def test_malformed_unicode_escapes_are_refused(escape: str) -> None:
    assert "invalid Unicode escape" in refusal(f'"{escape}"').message


@pytest.mark.parametrize("digits", ["110000", "ffffffff", "d800", "DFFF", "0000d800"])
def test_code_points_that_are_no_characters_are_refused(digits: str) -> None:
    assert f"\\u{{{digits}}} is not a Unicode character" in refusal(f'"\\u{{{digits}}}"').message


@pytest.mark.parametrize("text", ['"abc', '"', '"a\\"', '"a\nb"', '"a\rb"', '"abc\\\n"', '"abc\\'])
def test_a_string_ends_on_its_line(text: str) -> None:
    error = refusal(text)
    assert "this string is never closed" in error.message
    assert (error.line, error.column) == (1, 1)


@pytest.mark.parametrize("text", ['"""abc', '"""', '"""a\nb"""', '"""a\rb"""', '"""a"', '"""a""', '"""""'])
def test_a_raw_string_ends_on_its_line(text: str) -> None:
    assert "this raw string is never closed" in refusal(text).message


@pytest.mark.parametrize("opening", ["'", '?"', "?'"])
def test_other_quotes_are_refused_with_what_to_write(opening: str) -> None:
    error = refusal(f"x == {opening}a{opening[-1]}")
    assert opening in error.message
    assert error.column == 6
    assert error.hint and '"…"' in error.hint and '"""…"""' in error.hint


# --- symbols, places, limits ------------------------------------------------------------------------------------------


def test_symbols() -> None:
    text = "== != < <= > >= + - * / % : , . ( ) [ ] | ? ~ = !["
    assert texts(text) == text.split(" ")
    assert texts("![a") == ["![", "a"]
    assert texts("a<=b") == ["a", "<=", "b"]


@pytest.mark.parametrize(
    ("char", "hint"), [("&", "and"), ("!", "not"), (";", "quotes"), ("{", "quotes"), ("\\", "quotes")]
)
def test_unknown_characters_are_refused(char: str, hint: str) -> None:
    error = refusal(f"a {char} b")
    assert char in error.message
    assert hint in (error.hint or "")


def test_spans_cut_the_token_out_of_the_text() -> None:
    text = 'process where x : ("a", """b""") // end\n and `c d` >= 1.5'
    for token in tokens(text):
        assert text[token.span.start : token.span.end] == token.text


def test_lines_and_columns_count_from_one() -> None:
    error = refusal("a\n\tb ;")
    assert (error.line, error.column) == (2, 4)
    assert error.problems[0].render().splitlines()[1:3] == ["  \tb ;", "  \t  ^"]


@pytest.mark.parametrize("text", ["\ud800", 'x == "\ud800"', "a \udfff b", "`\ud800`", '"""\udc80"""', "// \ud800"])
def test_lone_surrogates_are_refused(text: str) -> None:
    """JSON can smuggle them in; no terminal or file takes them out again."""
    error = refusal(text)
    assert "half" in error.message
    assert error.column == next(column for column, char in enumerate(text, 1) if "\ud800" <= char <= "\udfff")
    assert error.problems[0].render().encode("utf-8")


def test_long_texts_are_refused_before_they_are_read() -> None:
    started = time.perf_counter()
    error = refusal("x" * 10_000_000)
    assert time.perf_counter() - started < 1
    assert error.problems[0].code == "eql-limit"
    assert f"{MAX_QUERY_CHARACTERS:,}" in error.message


@pytest.mark.parametrize("unit", ['"""a""",', '"a",', "`a`.", "/* */a ", "a//\n", "1.5 ", '"\\\\"'])
def test_time_grows_with_length_only(unit: str) -> None:
    """A pass over the rest of the text for every token would take minutes here."""
    count = 40_000
    started = time.perf_counter()
    assert len(tokenize(unit * count)) > count
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize(
    "text", ['"' + "a\\\\" * 300_000, "`" + "``" * 500_000, "/*" * 500_000, '"""' + '"" ' * 300_000]
)
def test_long_unterminated_tokens_are_refused_quickly(text: str) -> None:
    started = time.perf_counter()
    refusal(text)
    assert time.perf_counter() - started < 5
