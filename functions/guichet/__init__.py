"""What the handlers share: settings, the intake of a form, replies, storage, languages."""

import gc

# A start makes a hundred thousand objects that stay. Looking through them again and again for garbage is a tenth of a
# cold start. Each function's package imports this one first, so that it holds for all that follows.
gc.set_threshold(100_000)
