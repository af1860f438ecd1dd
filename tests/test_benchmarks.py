"""The benchmark runs: peers agree, a peer that is missing is said so, costs are measured."""

from pathlib import Path

import pytest

from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks import costs, workers
from tests.benchmarks.peers import PEERS


def test_a_table_has_a_row_for_every_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = tuple(peer for peer in PEERS if peer.distribution is None)
    missing = benchmarks.Peer("missing", needs_what_is_missing)
    monkeypatch.setattr(benchmarks, "PEERS", (*ours, missing))
    outcome = benchmarks.measure(workers.SIZES["seed"], "float32", rounds=1)
    assert 0 < outcome.difference < benchmarks.tolerance("float32")
    page = benchmarks.report("float32", {"seed": outcome}, rounds=1)
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")]
    assert [cells[1] for cells in rows if cells[0] == "| missing"] == ["not installed |"] * 3
    assert sum(cells[0] == "| minigrad eager" for cells in rows) == 3
    assert "| minigrad eager | 1.00 |" in page


def needs_what_is_missing(*_: object) -> None:
    import no_such_package  # noqa: F401


def test_a_program_reports_what_it_cost(tmp_path: Path) -> None:
    found = costs.run(costs.IMPORT.format(library="sys", package="numpy"), str(tmp_path))
    assert found is not None and 0 < found["import"] < 60
    assert costs.run("import no_such_package", str(tmp_path)) is None
