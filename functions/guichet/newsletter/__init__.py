"""What the owner's tools share about issues: what is allowed, the preview, what is wrong, what sending means.

Only the desk and the operator's commands import it.
"""
