"""The code that the functions share."""

import gc

# Imports create a hundred thousand objects that stay. Repeatedly scanning them for garbage is a tenth of a cold start.
# Each function's package imports this one first, so that everything after it benefits.
gc.set_threshold(100_000)
