"""Mend a program: try at each fault what may have been meant, and run the program with it."""

import ast
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from enum import IntEnum
from types import FrameType
from typing import TypeVar

import numpy as np

from minigrad.program.calling import Call, Recorded
from minigrad.program.edits import Edit, edits_of
from minigrad.program.explaining import Backward
from minigrad.program.gradients import LOOSELY, Gradients
from minigrad.program.locating import Fault, Statement, faults_of
from minigrad.program.mending import Mending, stopping
from minigrad.program.scope import Scope
from minigrad.program.syntax import (
    changed,
    context_of,
    contexts_of,
    element_with,
    replaced,
    source_with,
)
from minigrad.program.truth import Truth
from minigrad.recording.places import Place, span_of, statement_of
from minigrad.recording.replay import behind
from minigrad.rounding import compared

_T = TypeVar("_T")
_MOST_RECORDED = 5  # edits, one after another


class Effect(IntEnum):
    """What an edit does to the value of a statement."""

    WHOLE = 0  # it is an adjoint then
    EXPLAINED = 1  # it is a part of one
    UNKNOWN = 2
    NONE = 3


class Repairs:
    """A program that is mended step by step.

    Parameters
    ----------
    call
        Of the program.
    recorded
        What was recorded of it, as it stands.
    gradients
        The true ones.
    wrong
        Those of the program that are wrong.
    seconds
        How long repairs are looked for.
    """

    def __init__(
        self,
        call: Call,
        recorded: Recorded,
        gradients: Gradients,
        wrong: frozenset[str],
        seconds: float,
    ) -> None:
        self.call, self.recorded, self.gradients, self.wrong = call, recorded, gradients, wrong
        self._mending = Mending()
        self._end = time.monotonic() + seconds
        precision = LOOSELY * float(np.finfo(recorded.J.dtype).eps)
        self._truth = Truth(recorded.J, precision)

    def faults(self) -> list[Fault]:
        """The faults in the order of the run, mended where a repair was found.

        A fault can hide others, so that they are looked for again in what has been mended.
        """
        known: dict[Statement, Fault] = {}
        while True:
            located = [x for x in self._located(self.recorded) if x.at not in known]
            mended = [found for fault in located if self.wrong and (found := self._mend(fault))]
            known |= {fault.at: fault for fault in mended}
            if not mended:
                known |= {fault.at: fault for fault in located}
            if not mended or not self.wrong:
                return self._verified(known.values())
            with self._mending.mended():
                self.recorded = self.call.recorded()

    def _verified(self, faults: Iterable[Fault]) -> list[Fault]:
        """The faults in the order of the run; repairs that help no gradient are left out."""
        return [
            fault if fault.gradients - self.wrong else replace(fault, repair=None, verified=False)
            for fault in sorted(faults, key=lambda fault: fault.order)
        ]

    def _located(self, recorded: Recorded) -> list[Fault]:
        forward, nodes = behind([recorded.loss]), recorded.nodes
        self._backward = Backward(forward, list(nodes.values()), self._truth, self.gradients.scale)
        return faults_of(
            self._backward, ((x, name) for name, x in nodes.items() if name in self.wrong)
        )

    def _mend(self, fault: Fault) -> Fault | None:
        """A fault with a repair, at its statement or at one nearby that accounts for all of it."""
        edits = self._edits(fault)
        if found := self._mend_by_running(fault, edits):
            return found
        nearby = [(x, self._edits(x)) for x in self._nearby(fault) if self._has_time()]
        for is_explained in (True, False):
            for x, its_edits in nearby:
                likely = {
                    e: f for e, f in its_edits.items() if is_explained == (f < Effect.UNKNOWN)
                }
                if found := self._mend_by_running(x, likely, wholly=True):
                    return found
        return self._mend_by_explaining(fault, edits)

    def _mend_by_running(
        self, fault: Fault, edits: Iterable[Edit], wholly: bool = False
    ) -> Fault | None:
        """Try what makes most of the gradients right, and no other wrong."""
        tree = self._mending.tree(fault.file)
        best, left = None, self.wrong
        for edit in edits:
            if not self._has_time():
                break
            wrong = self._run(changed(tree, edit.changes), fault.file, self._wrong_now)
            if wrong is not None and wrong < left:
                best, left = edit, wrong
                if not left & fault.gradients:
                    break
        if best is None or (wholly and left & fault.gradients):
            return None
        self.wrong = left
        return self._mended(fault, best)

    def _mend_by_explaining(self, fault: Fault, edits: Mapping[Edit, Effect]) -> Fault | None:
        """Try what lets the backward pass be right up to a later statement."""
        tree = self._mending.tree(fault.file)
        whole = (edit for edit, effect in edits.items() if effect is Effect.WHOLE)
        for edit in itertools.islice(whole, _MOST_RECORDED):
            recorded = self._run(changed(tree, edit.changes), fault.file, self.call.recorded)
            if recorded is not None:
                later = self._located(recorded)
                if later and all(x.order > fault.order for x in later):
                    return self._mended(fault, edit)
        return None

    def _has_time(self) -> bool:
        return time.monotonic() < self._end

    def _mended(self, fault: Fault, edit: Edit) -> Fault:
        self._mending.trees[fault.file] = changed(self._mending.tree(fault.file), edit.changes)
        repair = source_with(fault.file, edit.statement, edit.at, edit.instead)
        return replace(
            fault,
            kind=edit.kind,
            message=edit.message,
            span=span_of(edit.at),
            repair=repair,
            verified=True,
        )

    def _edits(self, fault: Fault) -> dict[Edit, Effect]:
        """What the statement of a fault may have been meant to be, by what can be read there.

        First comes what makes it explained, and what makes no difference is left out.
        """
        context = context_of(self._mending.tree(fault.file), fault.statement)
        scopes: list[Scope] = []

        def look(frame: FrameType) -> None:
            if context and (len(scopes) < 2 or not scopes[-1].is_at(fault.steps)):
                scopes[1:] = [Scope(frame, context)]

        with stopping(fault.file, fault.line, look):
            self._run(None, "", self._wrong_now)
        if not scopes or context is None:
            return {}
        found = [(edit, self._effect(edit, scopes[-1])) for edit in edits_of(context, scopes[-1])]
        found = [pair for pair in found if pair[1] is not Effect.NONE]
        return dict(sorted(found, key=lambda pair: pair[1]))

    def _effect(self, edit: Edit, scope: Scope) -> Effect:
        """What an edit does to the value that a statement computes."""
        before = element_with(edit.statement, edit.at)
        if before is None or not isinstance(edit.instead, ast.expr):
            return Effect.UNKNOWN
        value, mended = scope.value(before), scope.value(replaced(before, edit.at, edit.instead))
        if not isinstance(value, np.ndarray | np.floating):
            return Effect.UNKNOWN
        if not isinstance(mended, np.ndarray | np.floating) or np.array_equal(value, mended):
            return Effect.NONE
        parts = self._truth.parts_like(np.asarray(mended) / self.gradients.scale)
        if any(map(self._truth.is_whole, parts)):
            return Effect.WHOLE
        return Effect.EXPLAINED if parts else Effect.UNKNOWN

    def _run(self, tree: ast.Module | None, file: str, program: Callable[[], _T]) -> _T | None:
        """Run the program with another source of a file; None, if it does not run."""
        try:
            with self._mending.mended(file, tree):
                return program()
        except Exception:  # whatever a program does, if it is changed
            return None

    def _wrong_now(self) -> frozenset[str] | None:
        """The gradients that are wrong; None, if the loss is not as before or one is missing."""
        loss, by_hand = self.call.plain()
        names = self.recorded.gradients
        same = compared(np.array(loss), self.recorded.J.data, self.gradients.precision).ok
        if not same or any(by_hand.get(name) is None for name in names):
            return None
        beside = self.gradients.beside({name: by_hand[name] for name in names})
        return frozenset(gradient.name for gradient in beside if not gradient.ok)

    def _nearby(self, fault: Fault) -> Iterator[Fault]:
        """The same fault at other statements of the functions of the backward pass."""
        known = {(fault.file, fault.statement), *self._backward.only_forward()}
        for place in self._backward.places_near(fault.order):
            contexts = contexts_of(self._mending.tree(place.file))
            function = next((x.function for x in contexts if x.span == statement_of(place)), None)
            around = [x for x in contexts if x.function is function and not x.is_compound]
            for context in sorted(around, key=lambda x: abs(x.statement.lineno - place.line)):
                if (place.file, context.span) not in known:
                    known.add((place.file, context.span))
                    yield fault.moved(Place(place.file, context.span, place.function))
