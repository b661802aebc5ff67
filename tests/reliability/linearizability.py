"""Is a history of operations on one lot such as one clerk could have written it, one line after another? Pure.

Every operation took effect at some instant between its call and its answer (Herlihy and Wing, 1990); the search for
such an order is that of Wing and Gong (1993). What an answer changes follows from the answer alone, so the free tonnes
follow from how far each client has come, and a place that was left without success need not be entered again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """What a client asks of the lot."""

    RESERVE = "reserve"
    RELEASE = "release"
    READ = "read"


@dataclass(frozen=True)
class Operation:
    """One call and its answer, in whole tonnes; `called` and `answered` are instants of one clock.

    `seen_t` is the free quantity that the answer told: of every read, and of a reservation that was refused.
    """

    act: Act
    quantity_t: int
    seen_t: int | None
    called: int
    answered: int


def find_order(clients: Sequence[Sequence[Operation]], free_t: int) -> list[Operation] | None:
    """Return an order in which one clerk gives these answers, from a lot with `free_t`; None when there is none.

    `clients` holds the operations of each client, in its own order; a client calls when it has its last answer.
    """
    start = (0,) * len(clients)
    end = tuple(len(operations) for operations in clients)
    left: set[tuple[int, ...]] = set()
    path: list[tuple[tuple[int, ...], int, Operation | None]] = [(start, free_t, None)]
    choices = [_next(clients, start)]
    while path:
        place, free, _ = path[-1]
        if place == end:
            return [operation for _, _, operation in path if operation is not None]
        if not choices[-1]:
            left.add(place)
            path.pop()
            choices.pop()
            continue
        client = choices[-1].pop()
        operation = clients[client][place[client]]
        then = _take(operation, free)
        beyond = (*place[:client], place[client] + 1, *place[client + 1 :])
        if then is not None and beyond not in left:
            path.append((beyond, then, operation))
            choices.append(_next(clients, beyond))
    return None


def _next(clients: Sequence[Sequence[Operation]], place: tuple[int, ...]) -> list[int]:
    """Return the clients whose next operation can come next: called before any other that is due was answered."""
    due = {client: clients[client][done] for client, done in enumerate(place) if done < len(clients[client])}
    soonest = min((operation.answered for operation in due.values()), default=0)
    waiting = [client for client, operation in due.items() if operation.called <= soonest]
    # Who was answered first is tried first: it stands last in the list.
    return sorted(waiting, key=lambda client: due[client].answered, reverse=True)


def _take(operation: Operation, free_t: int) -> int | None:
    """Return what is free after an operation, None when the lot would not have answered so."""
    if operation.act is Act.RELEASE:
        return free_t + operation.quantity_t
    if operation.act is Act.READ:
        return free_t if operation.seen_t == free_t else None
    if operation.seen_t is None:
        return free_t - operation.quantity_t if operation.quantity_t <= free_t else None
    return free_t if operation.seen_t == free_t < operation.quantity_t else None
