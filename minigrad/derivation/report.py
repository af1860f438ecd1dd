"""What a check found: one finding for each line, and a table of them."""

from dataclasses import dataclass

from minigrad.derivation.claims import Claim


@dataclass(frozen=True)
class Explanation:
    """One way in which a line may be wrong.

    Attributes
    ----------
    kind
        A word for it, such as "sign" or "missing factor"; of two errors, both.
    message
        A sentence, with the evidence.
    """

    kind: str
    message: str


@dataclass(frozen=True)
class Diagnosis(Explanation):
    """The simplest explanation of what is wrong with a line.

    Attributes
    ----------
    others
        All other explanations that fit, the simpler first.
    """

    others: tuple[Explanation, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What a check found of one line.

    Attributes
    ----------
    ref, claim
        The line's.
    ok
        Whether it computes what it claims, at every step at which it was checked.
    error
        The largest deviation, relative to the largest entry of the truth, over all steps;
        infinite where there is nothing to compare.
    tolerance
        What rounding explains of it.
    steps
        The steps at which it is wrong; None stands for a line that is checked once.
    checked
        The steps at which it was checked.
    diagnosis
        How it is wrong; None for a line that is right.
    is_zero
        Whether the truth is zero up to rounding at all steps, so that a multiple of it would be
        called right too.
    """

    ref: str
    claim: Claim | str
    ok: bool
    error: float
    tolerance: float
    steps: tuple[int | None, ...]
    checked: tuple[int | None, ...]
    diagnosis: Diagnosis | None = None
    is_zero: bool = False


@dataclass(frozen=True)
class Report:
    """What a check found of all lines, in the order of the derivation.

    Attributes
    ----------
    title
        What was checked, and how.
    lines
        A finding for each line.
    warnings
        What the data at hand could not tell apart.
    """

    title: str
    lines: tuple[Finding, ...]
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every line is right."""
        return not self.wrong

    @property
    def wrong(self) -> tuple[Finding, ...]:
        """The lines that are not right."""
        return tuple(line for line in self.lines if not line.ok)

    def __str__(self) -> str:
        rows = [_row(line) for line in self.lines]
        widths = [max(map(len, column)) for column in zip(_HEADER, *rows, strict=True)]
        table = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in (_HEADER, tuple("-" * width for width in widths), *rows)
        ]
        # What only follows from other lines is in the table, and needs no words of its own.
        details = [
            f"{line.ref}  {line.claim}: {_spelled_out(line)}"
            for line in self.wrong
            if line.diagnosis is None or line.diagnosis.kind != "inherited"
        ]
        warnings = [f"Note: {warning}" for warning in self._notes()]
        blocks = [[self.title], table, [self._summary()], *([x] for x in details), warnings]
        return "\n\n".join("\n".join(block) for block in blocks if block)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        import html  # where it is shown, which is seldom

        cells = "".join(
            f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in _row(line))}"
            f"<td>{html.escape(_spelled_out(line))}</td></tr>"
            for line in self.lines
        )
        head = "".join(f"<th>{name}</th>" for name in (*_HEADER, "diagnosis"))
        notes = "".join(f"<p>{html.escape(f'Note: {warning}')}</p>" for warning in self._notes())
        return (
            f"<p><b>{html.escape(self.title)}</b></p><table><tr>{head}</tr>{cells}</table>"
            f"<p>{html.escape(self._summary())}</p>{notes}"
        )

    def _notes(self) -> list[str]:
        zero = [str(line.claim) for line in self.lines if line.ok and line.is_zero]
        if not zero:
            return list(self.warnings)
        verb = "is" if len(zero) == 1 else "are"
        note = f"{', '.join(zero)} {verb} zero up to rounding: these data cannot tell"
        return [note, *self.warnings]

    def _summary(self) -> str:
        if self.ok:
            return f"All {len(self.lines)} are right." if self.lines else "Nothing to check."
        kinds = [line.diagnosis.kind for line in self.wrong if line.diagnosis]
        inherited = kinds.count("inherited")
        note = f"; {inherited} of them only by what they are given (inherited)" if inherited else ""
        misplaced = [kind for kind in kinds if kind in OUT_OF_PLACE]
        text = f"{len(self.wrong) - len(misplaced)} of {len(self.lines)} are wrong{note}."
        if misplaced:
            how = ", ".join(dict.fromkeys(misplaced))
            text += (
                f" Right in themselves, but out of place in the chain: {len(misplaced)} ({how})."
            )
        return text


# What is the matter with a line that computes the right thing, in a chain.
OUT_OF_PLACE = ("missing line", "boundary", "wrong order", "circular")
_HEADER = ("line", "claim", "", "error", "tolerance", "at steps")


def _row(line: Finding) -> tuple[str, ...]:
    kind = line.diagnosis.kind if line.diagnosis else "?"
    return (
        line.ref,
        str(line.claim),
        kind if not line.ok else "ok, or zero" if line.is_zero else "ok",
        f"{line.error:.1e}",
        f"{line.tolerance:.1e}",
        spelled_steps(line.checked if line.ok else line.steps),
    )


def _spelled_out(line: Finding) -> str:
    """The diagnosis in full."""
    if line.diagnosis is None:
        return ""
    others = "".join(f"\n      or {other.kind}: {other.message}" for other in line.diagnosis.others)
    where = "" if line.steps == line.checked else f" (at {spelled_steps(line.steps)})"
    return f"{line.diagnosis.kind}{where}. {line.diagnosis.message}{others}"


def spelled_steps(steps: tuple[int | None, ...]) -> str:
    """Steps in words: 1-4, 6."""
    runs: list[list[int]] = []
    for t in steps:
        if t is not None:
            if runs and t == runs[-1][-1] + 1:
                runs[-1].append(t)
            else:
                runs.append([t])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
