"""What the owner's tools share about issues: what one may be, how it looks, what is wrong with it, what sending means.

Only the desk and the operator's commands import it.
"""
