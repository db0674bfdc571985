"""Settings that all tests share."""

from hypothesis import settings

# No deadline: how long an example takes depends on what else the machine is doing.
settings.register_profile("convolution", deadline=None, print_blob=True)
settings.load_profile("convolution")
