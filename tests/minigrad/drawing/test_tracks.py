"""Tracks in a channel, by drawing the lines that they mean and counting where they cross."""

import random
from itertools import combinations, permutations
from math import inf

import pytest

from minigrad.drawing.tracks import LANE, Net, tracks


def lines(net, track):
    """The level line of a net, (x1, x2, y), and its upright ones, (x, y1, y2)."""
    low, high = net.span
    upright = [(net.source, -1, track)] + [(sink, track, 100) for sink in net.sinks]
    return (low, high, track), [line for line in upright if abs(line[0]) != inf]


def crossings(nets, levels):
    total = 0
    for i, k in combinations(range(len(nets)), 2):
        for a, b in ((i, k), (k, i)):
            (low, high, y), _ = lines(nets[a], levels[a])
            _, upright = lines(nets[b], levels[b])
            total += sum(low < x < high and y1 < y < y2 for x, y1, y2 in upright)
    return total


@pytest.mark.parametrize("seed", range(20))
def test_two_nets_cross_as_little_as_they_can(seed):
    pins = random.Random(seed).sample(range(0, 400, 20), 6)
    nets = [Net(pins[0], (pins[1], pins[2])), Net(pins[3], (pins[4], pins[5]))]
    if max(nets[0].span[0], nets[1].span[0]) < min(nets[0].span[1], nets[1].span[1]):
        best = min(crossings(nets, order) for order in permutations(range(2)))
        assert crossings(nets, tracks(nets)) == best


def test_nets_that_would_touch_have_tracks_of_their_own():
    nets = [
        Net(-inf, (10.0, 90.0)),
        Net(50.0, (20.0, 70.0)),
        Net(200.0, (300.0,)),
        Net(5.0, (5.0,)),
    ]
    found = tracks(nets)
    assert found[0] != found[1]
    assert found[2] == 0
    for net, track in zip(nets, found, strict=True):
        assert net.is_straight == (net.span[1] - net.span[0] < LANE)
        assert track >= 0
