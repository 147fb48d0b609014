"""Responses: the table of the HTTP contract, as JSON or for a browser."""

import json
from typing import TYPE_CHECKING, Any

from guichet.addresses import readable
from guichet.definitions.lookup import definition
from guichet.http.refusal import Problem, Refusal
from guichet.http.request import Request
from guichet.locales import Language, say
from guichet.settings import LookSettings

if TYPE_CHECKING:
    from guichet.http.pages import Page

Response = dict[str, Any]

# No response may be cached, sniffed, or leak its URL to the next site.
HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def accepted(request: Request, form: str, submission_id: str, email: str, next_url: str | None) -> Response:
    """Respond to a submission that was accepted, repeated or caught as spam. All three must look the same.

    The reply to a script names the posted address, so that a typing error is noticed. The thank-you page knows only its
    URL, which never contains an address.
    """
    # Names of forms and languages need no escape.
    thanks_url = f"{request.base_url}/thanks?form={form}&language={request.language}"
    if request.wants_json:
        return as_json(
            200,
            {
                "ok": True,
                "id": submission_id,
                "next": next_url or thanks_url,
                "message": _thanks_sentence(form, request.language, email),
            },
        )
    return {"statusCode": 303, "headers": {**HEADERS, "location": next_url or thanks_url}}


def thanks(request: Request, settings: LookSettings) -> Response:
    """Respond with the thank-you page of the form named in the query, or the contact form's."""
    # Imported late, so that posts do not pay for it.
    from guichet.http.pages import thanks_page  # noqa: PLC0415

    form = request.query.get("form", "")
    known = form in ("newsletter", "comments", "comments_mine") or definition(form) is not None
    sentence = _thanks_sentence(form if known else "contact", request.language)
    return page(200, thanks_page(request, sentence, settings))


def _thanks_sentence(form: str, language: Language, email: str = "") -> str:
    """Return the thank-you of a form: `contact`, `newsletter`, `comments`, `comments_mine` or one of the site's own.

    It may name an address.
    """
    own = definition(form)
    name = "form" if own else form
    values = {"title": own.title[language]} if own else {}
    if email:
        return say(f"{name}_accepted_for", language, email=readable(email), **values)
    return say(f"{name}_accepted", language, **values)


def refused(request: Request, refusal: Refusal, settings: LookSettings) -> Response:
    """Respond to a refusal with its status and every problem, in the visitor's language."""
    messages = [_sentence(problem, request.language) for problem in refusal.problems]
    if request.wants_json:
        errors = [
            {"code": problem.code, "message": message} | ({"field": problem.field} if problem.field else {})
            for problem, message in zip(refusal.problems, messages, strict=True)
        ]
        reply = as_json(refusal.status, {"error": messages[0], "errors": errors})
    else:
        from guichet.http.pages import error_page  # noqa: PLC0415

        reply = page(refusal.status, error_page(request, refusal, messages, settings))
    if refusal.retry_after is not None:
        reply["headers"]["retry-after"] = str(refusal.retry_after)
    if refusal.allow:
        reply["headers"]["allow"] = refusal.allow
    return reply


def page(status: int, content: "Page") -> Response:
    """Respond with one of our own pages."""
    headers = {
        **HEADERS,
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": content.policy,
    }
    return {"statusCode": status, "headers": headers, "body": content.html}


def as_json(status: int, body: dict[str, Any]) -> Response:
    """Respond with JSON."""
    headers = {**HEADERS, "content-type": "application/json; charset=utf-8"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body, ensure_ascii=False)}


def _sentence(problem: Problem, language: Language) -> str:
    return say(problem.code, language, **{"field": problem.field, **problem.values})
