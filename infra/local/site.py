"""The demo site, served from a different origin than the API, so that CORS applies."""

import mimetypes
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join
from werkzeug.utils import get_content_type
from werkzeug.wrappers import Request, Response

SITE = Path(__file__).resolve().parents[1] / "site"
# The placeholder for the API's address in the pages.
WRITTEN_API = "http://127.0.0.1:3000"
_WITH_ADDRESSES = (".html", ".js")
# Where a page includes its comments, as exported by a build of the site.
THREAD = re.compile(rb"<!-- comments of this page -->\n?")


class Site:
    """A folder of static files, served with the API's real address. A WSGI application.

    `thread` returns the list of a page's comments, as HTML.
    """

    def __init__(self, folder: Path, api_url: str, thread: Callable[[str], bytes] = lambda _: b"") -> None:
        self._folder = folder
        self._api_url = api_url
        self._thread = thread

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request (WSGI)."""
        return self.answer(Request(environ))(environ, start_response)

    def answer(self, request: Request) -> Response:
        """Answer with a file; with `index.html` for a folder."""
        path = request.path.lstrip("/")
        if path == "" or path.endswith("/"):
            path += "index.html"
        file = safe_join(str(self._folder), path)
        if request.method not in ("GET", "HEAD") or file is None or not Path(file).is_file():
            return NotFound().get_response(request.environ)
        content = Path(file).read_bytes()
        if file.endswith(_WITH_ADDRESSES):
            content = content.replace(WRITTEN_API.encode(), self._api_url.encode())
        if file.endswith(".html") and THREAD.search(content):
            exported = self._thread(request.path)
            content = THREAD.sub(lambda _: exported, content)
        media_type = mimetypes.guess_type(file)[0] or "application/octet-stream"
        return Response(
            content, content_type=get_content_type(media_type, "utf-8"), headers={"cache-control": "no-cache"}
        )
