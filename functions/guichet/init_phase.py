"""What a function does before its first event."""

import os
from collections.abc import Callable


def prepare(*factories: Callable[[], object]) -> None:
    """Call cached factories now if Lambda is starting the function. Elsewhere they run on first use.

    Lambda's INIT phase has more CPU than later invocations (AWS: "Understanding the Lambda execution environment
    lifecycle"), and an invalid setting fails there, by name, before anybody posts.
    """
    if "AWS_LAMBDA_RUNTIME_API" in os.environ:
        for factory in factories:
            factory()
