"""Regular expressions of RE2's syntax."""

import random
import re
import time

import pytest
from weft.proto.errors import WeftError
from weft.vm.host.regex import Regex

MATCHES = [
    ("a*", ["", "aaa"], ["b", "aab"]),
    (r"(www\.)?[\w-]+\.(com|org)", ["www.onnx.org", "a-b.com"], ["www.", "a_b.net", "a.com "]),
    (r"a.c", ["abc", "a𝄞c"], ["a\nc", "ac"]),
    (r"(?s)a.c", ["a\nc"], []),
    (r"(?i)straße[k-m]", ["STRAßEK", "straße\u212a"], ["strasse", "straßen"]),
    (r"(?i:a)b", ["Ab"], ["AB"]),
    (r"(?i)[^a]", ["b"], ["a", "A"]),
    (r"[[:alpha:]_][[:^digit:]]*", ["_a", "xyz"], ["1", "a1"]),
    (r"[]a-]+", ["]-a"], ["b"]),
    (r"[\d\s]+", ["1 \t2"], ["\v", "٣"]),  # only ASCII digits and white space
    (r"\pN+\p{Lu}\PL", ["1٣Ä-"], ["ä1A-", "1aA"]),
    (r"\p{^L}", ["1"], ["a"]),
    (r"\x41\x{1F600}\101\Qa.b*\E+", ["A😀Aa.b**"], ["A😀Aaxb"]),
    (r"a{2}b{1,}c{0,2}", ["aab", "aabbcc"], ["ab", "aabccc"]),
    (r"a{,2}x{", ["a{,2}x{"], ["aax{"]),  # braces that hold no bounds are literal
    (r"(?P<year>\d{4})-(?<month>\d\d)", ["2024-12"], ["24-12"]),
    (r"(?m)^a$\n^b$", ["a\nb"], ["ab"]),
    (r"^a$\nb", [], ["a\nb", "a\n"]),
    (r"\Aa\z", ["a"], ["a\n"]),
    (r"\bfoo\b.\Bx?", ["foo ", "foo."], ["fooa", "foo x"]),
    (r"a+?b*?(?U)c+", ["aabc"], ["b"]),
    (r"|a||b", ["", "a", "b"], ["ab"]),
    (r"(?i)(?-i)a", ["a"], ["A"]),
]


@pytest.mark.parametrize(("pattern", "matching", "others"), MATCHES)
def test_match(pattern: str, matching: list[str], others: list[str]) -> None:
    regex = Regex(pattern)
    assert [s for s in matching if not regex.fullmatch(s)] == []
    assert [s for s in others if regex.fullmatch(s)] == []


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"a(", ")", "[a", "[b-a]", "[[:word", "[[:no:]]", "a\\", "(" * 60 + ")" * 60),
        *("*a", "a**", "a{2}{3}", "a{1001}", "a{2,1}"),
        *(r"\1", r"\q", r"\p{Greek}", r"\x{110000}"),
        *("(?=a)", "(?<!a)b", "(?P<1>a)", "(?z)a"),
    ],
)
def test_rejected(pattern: str) -> None:
    with pytest.raises(WeftError, match=r"regex\.syntax"):
        Regex(pattern)


def test_size_is_bounded() -> None:
    with pytest.raises(WeftError, match=r"regex\.size"):
        Regex("((a{100}){100}){100}")


@pytest.mark.parametrize("pattern", ["(a*)*b", "(a|aa)+$c", "(x+x+)+y", "(a?){40}a{40}b", "(.*.*.*)*=x"])
def test_time_is_linear(pattern: str) -> None:
    start = time.process_time()
    assert not Regex(pattern).fullmatch("a" * 20_000 + "x" * 20_000)
    assert time.process_time() - start < 5


def _pattern(rng: random.Random, depth: int) -> str:
    inner = lambda: _pattern(rng, depth - 1)  # noqa: E731
    match rng.randrange(9) if depth else 0:
        case 0 | 1 | 2:
            return rng.choice(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\W", r"\b", "^", "1", "_", "A"])
        case 3 | 4:
            return inner() + inner()
        case 5:
            return f"({inner()}|{inner()})"
        case 6 | 7:
            return f"(?:{inner()}){rng.choice(['*', '+', '?', '{2}', '{1,2}', '*?', '{0,3}?'])}"
        case _:
            return f"(?{rng.choice(['i', 's', 'ms', 'i-s'])}:{inner()})"


def test_as_pythons() -> None:
    """Within what both know, and mean alike, the standard library's backtracking matcher agrees."""
    rng = random.Random(0)
    for _ in range(1500):
        pattern = _pattern(rng, 4)
        ours, theirs = Regex(pattern), re.compile(pattern)
        for _ in range(8):
            text = "".join(rng.choices("abAB1_ \n", k=rng.randrange(6)))
            assert ours.fullmatch(text) == (theirs.fullmatch(text) is not None), (pattern, text)
