"""The site's own forms under `make run`, while somebody works on them."""

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from guichet.definitions import lookup
from guichet.definitions.forms_file import FormsFileError
from infra.local.__main__ import Front, StartError, run
from infra.local.forms import DEMO, FormsFile

FORM = '[{name}]\nfields.email = {{ type = "email", required = true }}\n'


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """Return where a site would have its forms.toml, which is not there yet."""
    before = lookup.SOURCE
    lookup.forget()
    yield tmp_path / "forms.toml"
    lookup.SOURCE = before
    lookup.forget()


def write(file: Path, text: str, at: int) -> None:
    file.write_text(text, encoding="utf-8")
    os.utime(file, (at, at))


def test_without_a_file_the_forms_are_the_demo_s(file: Path) -> None:
    forms = FormsFile(file)
    forms.read()
    assert (forms.file, forms.names, forms.shown) == (DEMO, ["devis"], "infra/site/forms.toml")


def test_an_edit_is_seen_and_a_wrong_one_told_once(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    forms = FormsFile(file)
    write(file, FORM.format(name="un"), 1)
    forms.read()
    assert lookup.definition("un")
    write(file, FORM.format(name="deux"), 2)
    forms.read_again()
    assert (lookup.definition("un"), forms.names) == (None, ["deux"])

    write(file, "[trois]\nfields.x = 1", 3)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            forms.read_again()
    assert [record.getMessage().splitlines()[1] for record in caplog.records] == [
        '[trois] fields.x: expected settings, such as { type = "text" }.'
    ]
    assert forms.names == ["deux"]
    write(file, FORM.format(name="trois"), 4)
    forms.read_again()
    assert forms.names == ["trois"]
    file.unlink()
    forms.read_again()
    assert forms.names == ["devis"]


def test_a_wrong_file_is_told_at_the_start(file: Path) -> None:
    write(file, "[Devis]", 1)
    with pytest.raises(FormsFileError, match="lower-case letters"):
        FormsFile(file).read()


def test_make_run_does_not_start_with_a_wrong_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(file, "[Devis]", 1)
    monkeypatch.setattr(lookup, "SOURCE", file)
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(StartError, match=r"forms\.toml is wrong\n\[Devis\]"):
        run({})


def test_the_file_is_looked_at_before_a_post(file: Path) -> None:
    forms = FormsFile(file)
    forms.read()
    unused: Any = None

    def gateway(environ: Any, start_response: Any) -> Any:
        return Response(" ".join(forms.names))(environ, start_response)

    api = Client(Front(cast("Any", gateway), unused, "", forms.read_again))
    assert api.post("/f/un").text == "devis"
    write(file, FORM.format(name="un"), 1)
    assert api.post("/f/un").text == "un"
