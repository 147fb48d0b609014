"""The files of an issue: Markdown with front matter, one file per language. Reading them reports every mistake."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import yaml

from guichet.locales import LANGUAGES, Language
from guichet.newsletter.editions import (
    LARGEST_TEXT,
    LONGEST_ID,
    LONGEST_PREHEADER,
    LONGEST_SUBJECT,
    Severity,
    is_issue_id,
    is_web_address,
)
from guichet.records.issue import Edition
from infra.operate.connection import OperatorError
from infra.operate.words import sentences

# In bytes, with the front matter.
LARGEST_FILE = LARGEST_TEXT
_ENDING = ".md"
_KEYS = ("subject", "language", "preheader", "url")
# Other tools' names for these.
_OTHER_NAMES = {
    "title": "subject", "titre": "subject", "objet": "subject", "sujet": "subject",
    "lang": "language", "langue": "language", "locale": "language",
    "preview": "preheader", "description": "preheader", "summary": "preheader", "excerpt": "preheader",
    "link": "url", "permalink": "url", "canonical": "url", "lien": "url",
}  # fmt: skip
_FENCE = "---"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_BREAK = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# A comment after an unquoted value, which YAML does not count as part of the value.
_COMMENT = re.compile(r"\s+#")
_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True)
class Problem:
    """What is wrong with an issue, where, and what to do. An error keeps it from being sent; a warning does not."""

    severity: Severity
    file: str
    line: int | None
    message: str
    remedy: str = ""

    @property
    def place(self) -> str:
        """The file, with the line if it is known."""
        return f"{self.file}:{self.line}" if self.line else self.file


class IssueFileError(OperatorError):
    """Files that are not a valid issue. The text names the first mistake; `problems` are all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first, more = problems[0], len(problems) - 1
        others = f" ({more} more: `guichet issue check` names them)" if more else ""
        remedy = f": {first.remedy}" if first.remedy else ""
        super().__init__(f"{first.place}: {first.message}{remedy}{others}")
        self.problems = tuple(problems)


@dataclass(frozen=True)
class File:
    """A file of an issue, as read. `language` is None if neither its name nor its front matter gives it."""

    path: Path
    id: str
    language: Language | None
    edition: Edition
    # The line of the file in which the Markdown begins.
    first_line: int
    warnings: tuple[Problem, ...] = ()

    @property
    def name(self) -> str:
        """What the file is called in messages."""
        return str(self.path)

    def line_of(self, line: int) -> int:
        """Return the line of the file for a line of its Markdown, counted from 0."""
        return self.first_line + line


@dataclass(frozen=True)
class IssueFiles:
    """The files of one issue, by language."""

    id: str
    files: Mapping[Language, File]
    warnings: tuple[Problem, ...] = ()

    @property
    def editions(self) -> dict[Language, Edition]:
        """The text, by language."""
        return {language: file.edition for language, file in self.files.items()}


def read_all(paths: Sequence[Path], default: Language) -> IssueFiles:
    """Read the files of one issue, one for each language. Raises IssueFileError.

    A file that does not say its language is in the default language.
    """
    files: list[File] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            files.append(read(path))
        except IssueFileError as error:
            problems += error.problems
    if problems:
        raise IssueFileError(problems)
    by_language: dict[Language, File] = {}
    for file in files:
        if file.id != files[0].id:
            raise IssueFileError([_of_another_issue(file, files[0])])
        language = file.language or default
        if language in by_language:
            raise IssueFileError([_same_language(file, by_language[language], language)])
        by_language[language] = file
    warnings = [warning for file in files for warning in file.warnings]
    warnings += _left_out(files)
    return IssueFiles(files[0].id, by_language, tuple(warnings))


def _of_another_issue(file: File, first: File) -> Problem:
    remedy = f"give one issue's files, such as {first.id}.fr.md and {first.id}.en.md"
    return Problem("error", file.name, None, f"is issue {file.id}, and {first.name} is issue {first.id}", remedy)


def _same_language(file: File, other: File, language: Language) -> Problem:
    remedy = f"name each after its language, such as {file.id}.fr.md and {file.id}.en.md"
    return Problem("error", file.name, None, f"is in the same language as {other.name} ({language})", remedy)


def _left_out(files: Sequence[File]) -> Iterator[Problem]:
    """Yield a warning for each neighbouring file that is the same issue in another language, but was not given."""
    given = {file.path.resolve() for file in files}
    for file in files:
        for language in LANGUAGES:
            beside = file.path.with_name(f"{_stem(file.path)[0]}.{language}{file.path.suffix}")
            if beside.resolve() not in given and beside.is_file():
                given.add(beside.resolve())
                message = f"is next to {file.name}, but was not given"
                yield Problem("warning", str(beside), None, message, "name both files, or readers of its language get "
                              "the other text")  # fmt: skip


def read(path: Path) -> File:
    """Read a file of an issue. Raises IssueFileError, which names every mistake."""
    reader = _Reader(path)
    file = reader.read()
    errors = [problem for problem in reader.problems if problem.severity == "error"]
    if errors or file is None:
        raise IssueFileError(errors)
    return file


def id_of(path: Path) -> str:
    """Return an issue's id from its file name. Raises IssueFileError, which says how to rename it."""
    stem, _ = _stem(path)
    if path.suffix.lower() != _ENDING:
        message = "does not end in .md"
        raise IssueFileError([Problem("error", str(path), None, message, f"rename it to {_slug(stem)}{_ENDING}")])
    name = stem.lower()
    if not is_issue_id(name):
        language = re.search(r"\.([a-z]{2,3})$", name)
        if language and language[1] not in LANGUAGES:
            message = f"is in the language {language[1]}, but the supported ones are {' and '.join(LANGUAGES)}"
            remedy = f"rename it to {_slug(name.rpartition('.')[0])}.{LANGUAGES[0]}{_ENDING}, say"
        elif len(name) > LONGEST_ID:
            message = f"has a name of {len(name)} characters, but at most {LONGEST_ID} are allowed"
            remedy = f"rename it to {_slug(stem)}{_renamed_ending(path)}"
        else:
            message = "has a name with characters other than letters a to z, digits and hyphens"
            remedy = f"rename it to {_slug(stem)}{_renamed_ending(path)}"
        raise IssueFileError([Problem("error", str(path), None, message, remedy)])
    return name


def _renamed_ending(path: Path) -> str:
    language = _stem(path)[1]
    return f".{language}{_ENDING}" if language else _ENDING


def _stem(path: Path) -> tuple[str, Language | None]:
    """Return a file's name without extension and language, and that language, if it is one of ours."""
    stem = path.name[: -len(path.suffix)] if path.suffix else path.name
    name, dot, last = stem.rpartition(".")
    language = next((one for one in LANGUAGES if dot and last.lower() == one), None)
    return (name, language) if language else (stem, None)


def _slug(text: str) -> str:
    """Return the valid issue name that is closest to a text."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(one))
    return re.sub("[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_ID].strip("-") or "issue"


@dataclass
class _Reader:
    """Reads one file, and collects what is wrong with it."""

    path: Path
    problems: list[Problem] = field(default_factory=list)
    _wrong: set[str] = field(default_factory=set)

    def _note(self, line: int | None, message: str, remedy: str = "", severity: Severity = "error") -> None:
        self.problems.append(Problem(severity, str(self.path), line, message, remedy))

    def read(self) -> File | None:
        """Return the file, or None if a noted mistake makes it unreadable."""
        try:
            issue_id = id_of(self.path)
        except IssueFileError as error:
            self.problems += error.problems
            issue_id = ""
        text = self._text()
        if text is None:
            return None
        lines = text.split("\n")
        end = self._end_of_front_matter(lines)
        if end is None:
            return None
        values = self._front_matter(lines[1:end])
        markdown = "\n".join(lines[end + 1 :]).strip("\n")
        blank = next((number for number, line in enumerate(lines[end + 1 :]) if line), 0)
        if not markdown.strip():
            self._note(end + 1, "has no text", "write the issue below the second ---")
        if values is None:
            return None
        language = self._language(values)
        edition = Edition(
            subject=self._subject(values, end),
            markdown=markdown,
            preheader=self._preheader(values),
            url=self._url(values),
        )
        warnings = tuple(problem for problem in self.problems if problem.severity == "warning")
        # Counted from 1; the line of the closing fence is end + 1.
        return File(self.path, issue_id, language, edition, end + 2 + blank, warnings)

    def _text(self) -> str | None:
        with self.path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            self._note(
                None, f"is larger than {LARGEST_FILE // 1024} KB", "shorten it: mail programs cut off such emails"
            )
            return None
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            self._note(1, "is not UTF-8, but UTF-16", "save it as UTF-8")
            return None
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            self._note(line, "is not UTF-8", "save it as UTF-8: it may be in Windows-1252 or Latin-1")
            return None
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if found := _CONTROL.search(text):
            line = text.count("\n", 0, found.start()) + 1
            self._note(line, f"has the control character U+{ord(found[0]):04X}", "remove it")
            return None
        return text

    def _end_of_front_matter(self, lines: Sequence[str]) -> int | None:
        """Return the index of the line that closes the front matter."""
        example = f'begin the file with the lines {_FENCE}, subject: "…" and {_FENCE}'
        if lines[0].rstrip() != _FENCE:
            self._note(1, "has no front matter", example)
            return None
        for index, line in enumerate(lines[1:], 1):
            if line.rstrip() == _FENCE:
                return index
        self._note(1, "has front matter that is not closed", f"put a line {_FENCE} below it, before the text")
        return None

    def _front_matter(self, lines: Sequence[str]) -> dict[str, yaml.ScalarNode] | None:
        """Return the values of the front matter, by key."""
        quotes = 'put what follows the colon in quotes, as in subject: "News: spring"'
        try:
            node = yaml.compose("\n".join(lines), Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = min(mark.line, max(0, len(lines) - 1)) + 2 if mark else 2
            self._note(line, f"has front matter that is not YAML: {error.problem or error.context}", quotes)
            return None
        except (yaml.YAMLError, RecursionError):
            self._note(2, "has front matter that is not YAML", quotes)
            return None
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            self._note(2, "has front matter without keys", 'write it as lines such as subject: "Spring"')
            return None
        values: dict[str, yaml.ScalarNode] = {}
        for key, value in node.value:
            line = key.start_mark.line + 2
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name not in _KEYS:
                self._unknown(line, name)
            elif name in values:
                self._note(line, f"has {name} twice", "remove one")
            elif not isinstance(value, yaml.ScalarNode):
                kind = "a list" if isinstance(value, yaml.SequenceNode) else "a mapping"
                self._note(line, f"has {kind} as {name}, which is a text", f'write {name}: "…"')
                # So that it is not also reported as missing.
                self._wrong.add(name)
            else:
                values[name] = value
                self._comment(name, value, lines)
        return values

    def _unknown(self, line: int, name: str) -> None:
        close = get_close_matches(name.lower(), _KEYS, 1)
        meant = _OTHER_NAMES.get(name.lower()) or (close[0] if close else None)
        remedy = f"is {meant} meant?" if meant else f"there are {', '.join(_KEYS)}"
        self._note(line, f"has the unknown key {_shown(name)}", remedy)

    def _comment(self, name: str, value: yaml.ScalarNode, lines: Sequence[str]) -> None:
        """Warn about a text with a #, as the rest is a comment."""
        end = value.end_mark
        if value.style is None and end.line < len(lines) and _COMMENT.match(lines[end.line][end.column :]):
            message = f"has {name} followed by a #, which starts a comment"
            self._note(end.line + 2, message, f'put it in quotes if it is part of it: {name}: "… #…"', "warning")

    def _value(self, values: Mapping[str, yaml.ScalarNode], name: str) -> tuple[str, int]:
        node = values.get(name)
        if node is None or (node.tag == _NULL and node.style is None):
            return "", node.start_mark.line + 2 if node else 0
        return str(node.value).strip(), node.start_mark.line + 2

    def _subject(self, values: Mapping[str, yaml.ScalarNode], end: int) -> str:
        subject, line = self._value(values, "subject")
        if not subject and "subject" not in self._wrong:
            self._note(line or end + 1, "has no subject", 'add subject: "…" between the lines ---')
        elif _LINE_BREAK.search(subject):
            self._note(line, "has a subject of more than one line", "write it on one line")
        elif len(subject) > LONGEST_SUBJECT:
            self._note(line, f"has a subject of {len(subject)} characters", f"shorten it to {LONGEST_SUBJECT} or fewer")
        return subject

    def _preheader(self, values: Mapping[str, yaml.ScalarNode]) -> str:
        text, line = self._value(values, "preheader")
        preheader = " ".join(text.split())
        if len(preheader) > LONGEST_PREHEADER:
            message = f"has a preheader of {len(preheader)} characters"
            self._note(line, message, f"shorten it to {LONGEST_PREHEADER} or fewer")
        return preheader

    def _url(self, values: Mapping[str, yaml.ScalarNode]) -> str:
        url, line = self._value(values, "url")
        if url and not is_web_address(url):
            self._note(line, f"has a url that is not a web address: {_shown(url)}", "write it in full, with https://")
        return url

    def _language(self, values: Mapping[str, yaml.ScalarNode]) -> Language | None:
        of_name = _stem(self.path)[1]
        text, line = self._value(values, "language")
        if not text:
            return of_name
        language = next((one for one in LANGUAGES if text.lower() == one), None)
        if language is None:
            message = f"has the language {_shown(text)}, which is not supported"
            self._note(line, message, f"write {' or '.join(LANGUAGES)}")
        elif of_name not in (None, language):
            message = f"has the language {language}, and its name says {of_name}"
            self._note(line, message, "remove the line, or rename the file")
        return language or of_name


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:59]}…")  # noqa: PLR2004  as wide as a cell


def example(language: Language, *, name_tells: bool) -> str:
    """Return the text of a new file: front matter and a short example."""
    words = sentences("issues", language)
    lines = [_FENCE, f'subject: "{words["subject"]}"', *([] if name_tells else [f"language: {language}"])]
    return "\n".join([*lines, f'preheader: "{words["preheader"]}"', _FENCE, "", words["text"]])


def new_files(name: Path, languages: Sequence[Language], *, both: bool) -> dict[Path, str]:
    """Return the new files of an issue and their texts. Raises IssueFileError if the name is not allowed."""
    given = name if name.suffix.lower() == _ENDING else name.with_name(f"{name.name}{_ENDING}")
    stem, language = _stem(given)
    id_of(given)
    if language and not both:
        return {given: example(language, name_tells=True)}
    if not both:
        return {given: example(languages[0], name_tells=False)}
    return {given.with_name(f"{stem}.{one}{_ENDING}"): example(one, name_tells=True) for one in languages}
