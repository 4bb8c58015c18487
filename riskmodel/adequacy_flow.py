"""Help between areas over links of limited capacity: the least unserved load, over as few links as possible.

Shortest paths first: each step sends as much as one cheapest path carries from an area with something left to one that
lacks something, where power sent against a flow that is there counts as taking that flow back. What remains unserved
is then the least possible (it is a maximum flow), and the sum of flows over all links is the least that achieves it.

Sources
-------
Ahuja, Magnanti, Orlin 1993, Network Flows, chapter 9 (successive shortest paths). The rule itself, least unserved
energy and a price of 1 on each link used, is that of PRAS (NREL, DispatchProblem).
"""

from __future__ import annotations

from distributions._jit import njit

__all__ = ["send"]

FAR = 1 << 40


@njit
def send(give, take, flow, start, end, forward, back, alike, work):
    """Send what is left in some areas to what is lacking in others.

    Parameters
    ----------
    give, take : (n_areas,) float64, what each area has left and lacks [MW]; written: what remains of both
    flow : (n_links,) float64, flow from start to end [MW]; what is there may be rerouted; written
    start, end : (n_links,) int64, areas a link connects
    forward, back : (n_links,) float64, capacity from start to end and from end to start [MW]
    alike : float, amounts up to this are none [MW]
    work : (2, n_areas) int64, scratch

    Notes
    -----
    Of areas that are reached over equally many links the earlier in the list is helped first. That settles what the
    rule leaves open, and moves unserved energy between areas only, not its sum.
    """
    n = give.shape[0]
    far, via = work[0], work[1]
    while give.max() > alike and take.max() > alike:
        _distances(far, via, give, flow, start, end, forward, back, alike)
        goal = -1
        for area in range(n):
            if take[area] > alike and far[area] < FAR and (goal < 0 or far[area] < far[goal]):
                goal = area
        if goal < 0:
            return
        amount, area = take[goal], goal
        while via[area] >= 0:
            link, against = via[area] // 2, via[area] % 2
            amount = min(amount, _room(flow[link], forward[link], back[link], against, alike)[0])
            area = end[link] if against else start[link]
        amount = min(amount, give[area])
        give[area] -= amount
        take[goal] -= amount
        area = goal
        while via[area] >= 0:
            link, against = via[area] // 2, via[area] % 2
            flow[link] += -amount if against else amount
            area = end[link] if against else start[link]


@njit
def _room(flow, forward, back, against, alike):
    """How much more a link carries in a direction at one price, and that price: -1 where it takes a flow back."""
    own, limit = (-flow, back) if against else (flow, forward)
    if own < -alike:
        return -own, -1
    return limit - own, 1


@njit
def _distances(far, via, give, flow, start, end, forward, back, alike):
    """Links from the nearest area with something left, and the last link there: 2 link + (1 if used from its end)."""
    n = far.shape[0]
    for area in range(n):
        far[area] = 0 if give[area] > alike else FAR
        via[area] = -1
    for _ in range(n):
        changed = False
        for link in range(flow.shape[0]):
            for against in range(2):
                a, b = (end[link], start[link]) if against else (start[link], end[link])
                if far[a] >= FAR:
                    continue
                room, price = _room(flow[link], forward[link], back[link], against, alike)
                if room > alike and far[a] + price < far[b]:
                    far[b], via[b] = far[a] + price, 2 * link + against
                    changed = True
        if not changed:
            return
