"""What every test gets: hypothesis draws the same examples every time, a busy machine is no failure, and Ctrl-C arrives."""

import signal

from hypothesis import settings

settings.register_profile("weft", deadline=None, derandomize=True)
settings.load_profile("weft")

# A shell starts what runs in its background deaf to SIGINT, which some tests send to themselves.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
