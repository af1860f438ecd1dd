"""The passes, in the order in which they run."""

from collections.abc import Callable, Iterable

from minigrad.plan.batch import batch, pack
from minigrad.plan.expand import expand
from minigrad.plan.graph import Plan
from minigrad.plan.loops import reassociate, store_transposed
from minigrad.plan.simplify import drop_identities, fold_constants, share, transpose_factors
from minigrad.plan.sums import gather_sums, join_sums

Pass = Callable[[Plan], Plan]

PASSES: tuple[Pass, ...] = (
    fold_constants,
    share,
    drop_identities,
    transpose_factors,
    share,
    gather_sums,
    reassociate,
    pack,
    batch,
    expand,
    join_sums,
    drop_identities,
    share,
    store_transposed,
)


def optimize(
    plan: Plan, passes: Iterable[Pass] = PASSES, progress: Callable[[str], None] = lambda text: None
) -> Plan:
    """Run passes one after the other, and note what each has saved."""
    notes = []
    for each in passes:
        before = len(plan.steps)
        progress(f"{each.__name__}, {before:,} steps")
        plan = each(plan)
        notes.append(f"{each.__name__}: {before} steps before, {len(plan.steps)} after")
    return Plan(plan.arguments, plan.outputs, notes)
