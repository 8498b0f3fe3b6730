"""The assignment problem: who goes with whom, so that what the pairs are worth sums up highest."""

import numpy as np
from numpy.typing import NDArray


def assign(worth: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs rows with columns for the greatest sum; what is worth nothing stays unpaired.

    The Hungarian method with shortest augmenting paths (Jonker and Volgenant 1987).

    Args:
        worth: (N, M), at least 0.

    Returns:
        (row, column) pairs that are worth something, by row.
    """
    if worth.shape[0] > worth.shape[1]:
        return sorted((row, column) for column, row in assign(worth.T))
    rows, columns = np.nonzero(worth)
    if len(set(rows.tolist())) == len(rows) and len(set(columns.tolist())) == len(columns):
        # Nobody is wanted twice, the usual case: people stand apart.
        return list(zip(rows.tolist(), columns.tolist(), strict=True))
    owner = _owners(worth.max() - worth)
    pairs = ((row, column) for column, row in enumerate(owner) if row >= 0)
    return sorted((row, column) for row, column in pairs if worth[row, column] > 0)


def _owners(cost: NDArray[np.float64]) -> list[int]:
    """Column → the row that owns it at the least cost, or -1; there are no more rows than columns.

    Rows come one by one. Each looks for the cheapest path over rows that are placed to a column
    that is free, at costs reduced by the prices of rows and columns, and moves them along it.
    """
    count, width = cost.shape
    row_price, column_price = np.zeros(count), np.zeros(width)
    owner = [-1] * width
    for newcomer in range(count):
        distance = np.full(width, np.inf)
        before = [-1] * width
        done = np.zeros(width, bool)
        row, column, reached = newcomer, -1, 0.0
        while row >= 0:
            through = reached + cost[row] - row_price[row] - column_price
            nearer = ~done & (through < distance)
            distance[nearer] = through[nearer]
            for place in np.flatnonzero(nearer):
                before[place] = column
            column = int(np.where(done, np.inf, distance).argmin())
            reached = float(distance[column])
            done[column] = True
            row = owner[column]
        for place in np.flatnonzero(done):
            if owner[place] >= 0:
                row_price[owner[place]] += reached - distance[place]
            column_price[place] -= reached - distance[place]
        row_price[newcomer] += reached
        while column >= 0:
            previous = before[column]
            owner[column] = newcomer if previous < 0 else owner[previous]
            column = previous
    return owner
