"""Finding: one thing that was found; Diagnosis: all of them, the gravest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from textwrap import fill
from typing import Any, Literal, overload

from glassnet.text import page_width
from glassnet.training.history import as_json

Severity = Literal["problem", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("problem", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    name        always the same for the same thing: "dead-relu"
    severity    "problem": it will not learn well like this; "warning": it may not; "note": good to
                know
    where       the layer, node, parameter, input or output; "" for the whole
    evidence    what was seen, in a sentence
    advice      what to do
    numbers     the evidence in numbers, by name
    """

    name: str
    severity: Severity
    where: str
    evidence: str
    advice: str
    numbers: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        head = f"{self.severity.upper():7}  {self.name}" + (f"  {self.where}" if self.where else "")
        return "\n".join([head, _indented(self.evidence, "  "), _indented(self.advice, "  -> ")])


class Diagnosis(Sequence[Finding]):
    """What was found, the gravest first: a list that prints well."""

    def __init__(self, findings: Iterable[Finding] = ()) -> None:
        self.findings = tuple(sorted(findings, key=lambda one: SEVERITIES.index(one.severity)))

    @overload
    def __getitem__(self, key: int) -> Finding: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[Finding]: ...
    def __getitem__(self, key: int | slice) -> Finding | Sequence[Finding]:
        """Return one finding by its place, or some."""
        return self.findings[key]

    def __len__(self) -> int:
        return len(self.findings)

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that have to be mended."""
        return tuple(one for one in self.findings if one.severity == "problem")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the findings, in order."""
        return tuple(one.name for one in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Describe it as JSON."""
        findings = [asdict(one) | {"numbers": as_json(one.numbers)} for one in self.findings]
        return {"problems": len(self.problems), "findings": findings}

    def __str__(self) -> str:
        """Write every finding, and a line that counts them first; at most 100 columns."""
        if not self.findings:
            return "Nothing found: as far as the doctor can see, all is well."
        counts = Counter(one.severity for one in self.findings)
        head = ", ".join(
            f"{counts[kind]} {kind}{'s' if counts[kind] > 1 else ''}"
            for kind in SEVERITIES
            if counts[kind]
        )
        return "\n\n".join([f"Found {head}.", *map(str, self.findings)])

    def __repr__(self) -> str:
        return f"<Diagnosis: {', '.join(self.names) or 'nothing found'}>"


def _indented(text: str, start: str) -> str:
    return fill(text, page_width(), initial_indent=start, subsequent_indent=" " * len(start))
