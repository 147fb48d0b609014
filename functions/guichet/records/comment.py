"""A comment under a page of the site."""

from datetime import datetime, timedelta
from typing import Literal

from guichet.locales import Language
from guichet.records.record import Record

CommentState = Literal["pending", "approved", "refused", "spam"]
STATES: tuple[CommentState, ...] = ("pending", "approved", "refused", "spam")
# How long a comment is kept that the owner refused, or that was caught as spam.
REFUSED_KEPT = timedelta(days=30)


class Comment(Record):
    """What somebody wrote under a page. Nobody else sees it before the owner approves it.

    `page` is the path of the page, as `guichet.page_paths.path_of` writes it. `parent` is the comment that it
    answers, according to the visitor's page; its place is decided on approval.
    """

    id: str
    page: str
    name: str
    email: str = ""
    # Markdown, as it was written.
    comment: str
    parent: str = ""
    state: CommentState
    # Why it was caught as spam, or empty.
    spam: str = ""
    language: Language
    received_at: datetime
    approved_at: datetime | None = None
    # Where its entry stands in the thread of its page, once it is approved (`guichet.store.comments`).
    entry: str = ""
    # For a comment imported from another tool, its id there.
    imported: str = ""
    # Only refused comments and spam expire.
    expires_at: datetime | None = None

    @property
    def submitted_at(self) -> datetime:
        """When the form was posted."""
        return self.received_at
