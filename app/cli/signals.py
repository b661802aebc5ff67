"""How programs that run until they are told to stop are told so."""

import signal


def stop_with_signals() -> None:
    """Have SIGTERM and SIGINT both end what runs, in order.

    A supervisor stops a program with SIGTERM, and a shell starts one beside it deaf to SIGINT.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
