"""The fields of the form for comments, and the comment made from them."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from guichet.addresses import normalized
from guichet.forms.fields import Email, line, required
from guichet.forms.parse import Form, validate
from guichet.forms.repeats import Identity, client_key, identify
from guichet.forms.spam import Words, judge
from guichet.http.refusal import Problem, Refusal
from guichet.http.request import Request
from guichet.model import After, Before, Limit, Model
from guichet.page_paths import folded, path_of
from guichet.records.comment import REFUSED_KEPT, Comment
from guichet.records.link_request import LinkRequest
from guichet.records.outbox import QUEUED_EMAIL_KEPT
from guichet.records.record import utc_now
from guichet.settings import CommentsSettings

FIELDS = ("page", "name", "email", "comment", "parent")
LONGEST_COMMENT = 10_000
LONGEST_NAME = 100
ID = re.compile("[0-9a-f]{32}")
# Characters that change the text direction (Unicode Standard Annex 9). A name shares its line with other text.
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def public_name(text: str) -> str:
    """Return a name as one line that cannot affect the text next to it."""
    return line(_DIRECTIONS.sub("", text))


class CommentForm(Model):
    """The answers of a form for comments. Other fields are not stored, as nothing needs them."""

    page: Annotated[str, Limit(max_length=2000)] = ""
    name: Annotated[str, Limit(max_length=LONGEST_NAME), After(public_name), Before(required)]
    email: Email
    comment: Annotated[str, Limit(max_length=LONGEST_COMMENT), Before(required)]
    parent: Annotated[str, Limit(max_length=100)] = ""


def answers_of(form: Form, request: Request, settings: CommentsSettings) -> CommentForm:
    """Validate a form. The page may be missing: then it is the one that posted it. Raises Refusal (422)."""
    answers = validate(CommentForm, form)
    given = answers.page or _posted_from(request)
    path = path_of(given, settings)
    problems = []
    if path is None:
        code = "TYPE_PAGE" if given else "REQUIRED_FIELD_MISSING"
        problems.append(Problem(code, form.spellings.get("page", "page")))
    if answers.parent and not ID.fullmatch(answers.parent):
        problems.append(Problem("TYPE_COMMENT", form.spellings.get("parent", "parent")))
    if path is None or problems:
        raise Refusal(422, *problems)
    return answers.model_copy(update={"page": path})


def _posted_from(request: Request) -> str:
    """Return the page that posted a form, or an empty string.

    By default (`Referrer-Policy`), browsers only send another origin their site's origin, and a bare origin is not a
    page.
    """
    referer = request.headers.get("referer", "")
    try:
        return referer if urlsplit(referer).path.strip("/") else ""
    except ValueError:
        return ""


def comment_of(
    answers: CommentForm, form: Form, request: Request, settings: CommentsSettings
) -> tuple[Comment, Identity]:
    """Return the comment made from a form, and its identity."""
    at = utc_now()
    spam = judge(Words((answers.name,), text=answers.comment), form, request, settings)
    written = (folded(answers.page), answers.name, normalized(answers.email), answers.comment, answers.parent)
    identity = identify(
        "comments",
        written,
        caught=bool(spam),
        client_key=client_key(form, request),
        request=request,
        settings=settings,
    )
    comment = Comment(
        id=identity.id,
        **answers.model_dump(),
        state="spam" if spam else "pending",
        spam=spam,
        language=request.language,
        received_at=at,
        expires_at=at + REFUSED_KEPT if spam else None,
    )
    return comment, identity


class AddressForm(Model):
    """The only answer of the form that requests a link to the commenter's own comments."""

    email: Email


def link_request_of(
    answers: AddressForm, form: Form, request: Request, settings: CommentsSettings
) -> tuple[LinkRequest, Identity]:
    """Return the request for a link made from a form, and its identity, independent of the address's spelling."""
    at = utc_now()
    spam = judge(Words(()), form, request, settings)
    identity = identify(
        "comments_mine",
        (normalized(answers.email),),
        caught=bool(spam),
        client_key=client_key(form, request),
        request=request,
        settings=settings,
    )
    asked = LinkRequest(
        id=identity.id,
        email=answers.email,
        spam=spam,
        language=request.language,
        asked_at=at,
        # Until its email is sent, which extends this to days.
        expires_at=at + (REFUSED_KEPT if spam else QUEUED_EMAIL_KEPT),
    )
    return asked, identity
