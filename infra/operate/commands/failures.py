"""Errors as a sentence and an exit code."""

from pydantic_core import ValidationError

from guichet.store.dynamodb import UnavailableError
from guichet.store.erasure import NotFinishedError
from infra.operate.commands.exit_codes import INCOMPLETE, INVALID, UNAVAILABLE
from infra.operate.connection import AWS_ERRORS, OperatorError, UnreachableError, refusal
from infra.template import TemplateError


def failure_of(error: Exception) -> tuple[str, int] | None:
    """Return the sentence and the exit code for an error, or None if it is a bug."""
    match error:
        case UnreachableError():
            sentence, code = str(error), UNAVAILABLE
        case OperatorError() | TemplateError():
            sentence, code = str(error), INVALID
        case NotFinishedError():
            sentence = "something changed in the meantime, so part of it is left: run the command again"
            code = INCOMPLETE
        case ValidationError():
            wrong = ", ".join(sorted({str(part["loc"][0]) for part in error.errors(include_input=False)}))
            sentence = (
                f"the table contains a {error.title} that this version cannot read ({wrong}); "
                "`guichet export everything` exports it as it is"
            )
            code = INVALID
        case UnavailableError():
            sentence = "the table is unreachable, and the change may or may not have been made: run it again"
            code = UNAVAILABLE
        # Before OSError: botocore's TLS, proxy and timeout errors are OSErrors, too.
        case _ if isinstance(error, AWS_ERRORS):
            sentence, code = refusal(error), UNAVAILABLE
        case OSError():
            why = error.strerror or str(error) or type(error).__name__
            sentence, code = f"{error.filename}: {why}" if error.filename else why, INVALID
        case _:
            return None
    return sentence, code
