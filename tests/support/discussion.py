"""Comments on the stack of the tests, as a reader writes them and the owner approves them."""

from typing import Any

from guichet.comments.public import public_part
from guichet.records.comment import Comment
from guichet.records.record import utc_now
from guichet.settings import CommentsSettings
from guichet.store import comments
from tests.support.app import App


class Discussion:
    """Comments under the site's pages, each from a different caller."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.settings = CommentsSettings.model_validate(dict(app.stack.functions["Comments"].environment))
        self.callers = 0
        # Of a test that moves the clock.
        self.clock: Any = None

    @property
    def _hook(self) -> dict[str, Any]:
        return {"hook": self.settings.deploy_hook == "on"}

    def post(self, page: str, text: str, name: str = "Anne Bouchard", parent: str = "", email: str = "") -> str:
        """Post a comment, and return its id."""
        self.callers += 1
        known = {item["id"] for item in self.app.items("comment")}
        fields = {"page": page, "name": name, "email": email or "anne@reader.example", "comment": text}
        caller = {"REMOTE_ADDR": f"203.0.113.{self.callers}"}
        answer = self.app.post(
            "/comments", json=fields | ({"parent": parent} if parent else {}), environ_overrides=caller
        )
        assert answer.status_code == 200, answer.text
        (new,) = {item["id"] for item in self.app.items("comment")} - known
        return str(new)

    def read(self, comment_id: str) -> Comment:
        """Return a comment."""
        found = comments.comment(self.settings.table_name, comment_id)
        assert found is not None
        return found

    def approve(self, comment_id: str) -> None:
        """Approve a comment."""
        one, secret = self.read(comment_id), self.settings.signing_secret
        done = comments.approve(self.settings.table_name, secret, one, public_part(one), utc_now(), **self._hook)
        assert done == "approved"

    def say(self, page: str, text: str, name: str = "Anne Bouchard", parent: str = "") -> str:
        """Post and approve a comment, and return its id."""
        comment_id = self.post(page, text, name, parent)
        self.approve(comment_id)
        return comment_id

    def withdraw(self, comment_id: str) -> None:
        """Refuse a comment that was approved."""
        one, secret = self.read(comment_id), self.settings.signing_secret
        assert comments.withdraw(self.settings.table_name, secret, one, "refused", utc_now(), **self._hook)

    def delete(self, comment_id: str) -> None:
        """Delete a comment."""
        one, secret = self.read(comment_id), self.settings.signing_secret
        assert comments.delete(self.settings.table_name, secret, one, utc_now(), **self._hook)
