"""What every test gets: hypothesis draws the same examples every time, and a busy machine is no failure."""

from hypothesis import settings

settings.register_profile("weft", deadline=None, derandomize=True)
settings.load_profile("weft")
