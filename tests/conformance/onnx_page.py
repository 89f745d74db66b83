"""The tables of docs/onnx.md, made of ONNX's schemas, weft's importers and the stored results of the suite."""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from onnx import defs
from weft.frontends.onnx.registry import supported

from .onnx_table import Table

PAGE = Path(__file__).parents[2] / "docs" / "onnx.md"
_PARTS = ("summary", "failures", "operators")
_DOMAINS = ("", "ai.onnx.ml", "ai.onnx.preview.training", "ai.onnx.preview")


def write_page(table: Table) -> None:
    """Put the tables into the page."""
    PAGE.write_text(page(PAGE.read_text(), table))


def page(text: str, table: Table) -> str:
    """The page with what stands between `<!-- NAME -->` and `<!-- end of NAME -->` made anew."""
    for name, part in zip(_PARTS, (_summary(table), _failures(table), _operators(table)), strict=True):
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        text = re.sub(f"{begin}.*?{end}", lambda _, b=begin, p=part, e=end: f"{b}\n{p}\n{e}", text, flags=re.DOTALL)
    return text


def _summary(table: Table) -> str:
    return f"```\n{table.summary()}\n```"


def _failures(table: Table) -> str:
    by_result: dict[str, list[str]] = defaultdict(list)
    for case, result in table.cases.items():
        if result != "pass":
            by_result[result].append(case)
    rows = [f"| `{result}` | {len(cases)} | {', '.join(cases)} |" for result, cases in sorted(by_result.items())]
    return "\n".join(["| outcome | cases | which |", "|---|---|---|", *rows])


def _operators(table: Table) -> str:
    own = supported()
    lines = ["| operator | versions | imported by | suite |", "|---|---|---|---|"]
    for domain in _DOMAINS:
        for name, schemas in sorted(_schemas(domain).items()):
            versions = ", ".join(str(s.since_version) for s in sorted(schemas, key=lambda s: s.since_version))
            newest = max(schemas, key=lambda s: s.since_version)
            passed, total = table.operators.get(f"{domain or 'ai.onnx'}.{name}", (0, 0))
            cases = f"{passed} / {total}" if total else "–"
            lines.append(f"| {f'{domain}.' if domain else ''}{name} | {versions} | {_means(own, domain, name, newest)} | {cases} |")
    return "\n".join(lines)


def _schemas(domain: str) -> dict[str, list[defs.OpSchema]]:
    found: dict[str, list[defs.OpSchema]] = defaultdict(list)
    for schema in defs.get_all_schemas_with_history():
        if schema.domain == domain:
            found[schema.name].append(schema)
    return found


def _means(own: Iterable[tuple[str, str]], domain: str, name: str, newest: defs.OpSchema) -> str:
    if (domain, name) in own:
        return "weft"
    if newest.has_function or newest.has_context_dependent_function:  # type: ignore[attr-defined]
        return "ONNX's definition"
    return "not supported"
