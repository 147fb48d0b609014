"""The files of an issue: what is read from them, and each mistake with its file, its line and what to do."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from guichet.locales import LANGUAGES
from guichet.newsletter.editions import LONGEST_SUBJECT
from infra.operate.issue_files import (
    LARGEST_FILE,
    File,
    IssueFileError,
    Problem,
    id_of,
    new_files,
    read,
    read_all,
)

TEXT = '---\nsubject: "Spring"\n---\n\nHello\n'


def wrong(path: Path, content: str | bytes, name: str = "letter.md") -> Problem:
    """Return the one mistake of a file."""
    with pytest.raises(IssueFileError) as error:
        written(path, content, name)
    (problem,) = error.value.problems
    return problem


def written(path: Path, content: str | bytes, name: str = "letter.md") -> File:
    """Write a file and read it."""
    file = path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(file)


def test_a_file_is_read_with_all_that_its_front_matter_says(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "---\nsubject: 'Spring: it is here'\nlanguage: en\npreheader: >\n  Two\n  lines\n"
        "url: https://example.org/spring\n---\n\n# Hello\n\n---\nnot front matter\n",
        "Spring-2026.md",
    )
    assert (file.id, file.language) == ("spring-2026", "en")
    assert file.edition.subject == "Spring: it is here"
    assert file.edition.preheader == "Two lines"
    assert file.edition.url == "https://example.org/spring"
    assert file.edition.markdown == "# Hello\n\n---\nnot front matter"
    # The line of `# Hello`.
    assert file.line_of(0) == 10


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("---\n", "---  \n").encode(),
        TEXT.rstrip("\n").encode(),
    ],
)
def test_a_byte_order_mark_and_the_line_ends_of_windows_are_taken(tmp_path: Path, content: bytes) -> None:
    edition = written(tmp_path, content).edition
    assert (edition.subject, edition.markdown) == ("Spring", "Hello")


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    ("content", "line", "words", "remedy"),
    [
        ("Hello\n", 1, "has no front matter", "begin the file with"),
        ("", 1, "has no front matter", "begin the file with"),
        ("\n" + TEXT, 1, "has no front matter", "begin the file with"),
        ("---\nsubject: a\n\nHello\n", 1, "not closed", "put a line ---"),
        ("---\nsubject: a\nsubjet: b\n---\nHello", 3, "unknown key 'subjet'", "is subject meant?"),
        ("---\nsubject: a\ntitre: b\n---\nHello", 3, "unknown key 'titre'", "is subject meant?"),
        ("---\nSubject: a\nsubject: b\n---\nHello", 2, "unknown key 'Subject'", "is subject meant?"),
        ("---\nsubject: a\nlang: fr\n---\nHello", 3, "unknown key 'lang'", "is language meant?"),
        ("---\nsubject: a\nxyz: b\n---\nHello", 3, "unknown key 'xyz'", "there are subject, language"),
        ("---\nsubject: a\n? [b]\n: c\n---\nHello", 3, "unknown key", "there are subject, language"),
        ("---\nsubject: a\nsubject: b\n---\nHello", 3, "has subject twice", "remove one"),
        ("---\n- subject\n---\nHello", 2, "without keys", "subject:"),
        ("---\njust words\n---\nHello", 2, "without keys", "subject:"),
        ("---\nlanguage: fr\nsubject: News: spring\n---\nHello", 3, "not YAML: mapping values", "quotes"),
        ("---\nsubject: 'a\n---\nHello", 2, "not YAML", "quotes"),
        ("---\nsubject: *a\n---\nHello", 2, "not YAML", "quotes"),
        ("---\n" + "[" * 5000 + "\n---\nHello", 2, "not YAML", "quotes"),
        ("---\nsubject: [a, b]\n---\nHello", 2, "a list as subject", 'subject: "…"'),
        ("---\nsubject: {a: b}\n---\nHello", 2, "a mapping as subject", 'subject: "…"'),
        ("---\nlanguage: fr\n---\nHello", 3, "has no subject", "add subject"),
        ("---\n---\nHello", 2, "has no subject", "add subject"),
        ("---\nsubject:\n---\nHello", 2, "has no subject", "add subject"),
        ("---\nsubject: ~\n---\nHello", 2, "has no subject", "add subject"),
        ('---\nsubject: "  "\n---\nHello', 2, "has no subject", "add subject"),
        ('---\nlanguage: fr\nsubject: "a\\nb"\n---\nHello', 3, "more than one line", "on one line"),
        ("---\nsubject: |\n  a\n  b\n---\nHello", 2, "more than one line", "on one line"),
        ('---\nsubject: "a\\u2028b"\n---\nHello', 2, "more than one line", "on one line"),
        (f"---\nsubject: {'a' * (LONGEST_SUBJECT + 1)}\n---\nHello", 2, "151 characters", "150 or fewer"),
        (f"---\nsubject: a\npreheader: {'a' * 251}\n---\nHello", 3, "251 characters", "250 or fewer"),
        (
            "---\nsubject: a\nlanguage: tlh\n---\nHello",
            3,
            "language 'tlh', which is not supported",
            f"write {' or '.join(LANGUAGES)}",
        ),
        ("---\nsubject: a\nurl: /spring\n---\nHello", 3, "not a web address: '/spring'", "https://"),
        ("---\nsubject: a\nurl: ftp://a.example\n---\nHello", 3, "not a web address", "https://"),
        ("---\nsubject: a\nurl: https://a.example:99999/\n---\nHello", 3, "not a web address", "https://"),
        ("---\nsubject: a\n---\n", 3, "has no text", "write the issue"),
        ("---\nsubject: a\n---\n \n\t\n", 3, "has no text", "write the issue"),
        ("---\nsubject: a\n---\n\nHello\nWorld \x07\n", 6, "control character U+0007", "remove it"),
        (b"---\nsubject: a\n---\n\nCaf\xe9\n", 5, "is not UTF-8", "save it as UTF-8"),
        (TEXT.encode("utf-16"), 1, "not UTF-8, but UTF-16", "save it as UTF-8"),
        (b"---\nsubject: a\n---\n" + b"a" * LARGEST_FILE, None, "larger than 256 KB", "shorten it"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_to_do(
    tmp_path: Path, content: str | bytes, line: int | None, words: str, remedy: str
) -> None:
    problem = wrong(tmp_path, content)
    assert problem.file == str(tmp_path / "letter.md")
    assert problem.line == line
    assert words in problem.message
    assert remedy in problem.remedy


def test_every_mistake_of_a_file_is_told_and_the_sentence_says_how_many(tmp_path: Path) -> None:
    with pytest.raises(IssueFileError) as error:
        written(tmp_path, "---\nsujet: a\nlanguage: tlh\nurl: x\n---\n")
    assert [problem.line for problem in error.value.problems] == [2, 5, 3, 5, 4]
    assert str(error.value).startswith(
        f"{tmp_path / 'letter.md'}:2: has the unknown key 'sujet': is subject meant? (4 "
    )


@pytest.mark.parametrize("subject", ["2026", "2026-03-20", "Yes", "1_000", "'#1'", '"#1"', "é", "100 % wool"])
def test_a_subject_is_the_text_as_it_is_written(tmp_path: Path, subject: str) -> None:
    assert written(tmp_path, f"---\nsubject: {subject}\n---\nHello").edition.subject == subject.strip("'\"")


def test_what_yaml_takes_for_a_comment_is_warned_of(tmp_path: Path) -> None:
    file = written(tmp_path, "---\nsubject: Issue # 3\n---\nHello")
    assert file.edition.subject == "Issue"
    (warning,) = file.warnings
    assert (warning.severity, warning.line) == ("warning", 2)
    assert "starts a comment" in warning.message
    assert not written(tmp_path, '---\nsubject: "Issue # 3"\n---\nHello').warnings


# --- names and languages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "issue", "language"),
    [
        ("letter.md", "letter", None),
        ("letter.fr.md", "letter", "fr"),
        ("Letter.EN.MD", "letter", "en"),
        ("2026-03.md", "2026-03", None),
    ],
)
def test_the_name_of_a_file_is_the_issue_s_and_may_tell_its_language(
    tmp_path: Path, name: str, issue: str, language: str | None
) -> None:
    file = written(tmp_path, TEXT, name)
    assert (file.id, file.language) == (issue, language)


@pytest.mark.parametrize(
    ("name", "words", "remedy"),
    [
        ("Lettre d’été.md", "characters other than", "rename it to lettre-d-ete.md"),
        ("Lettre d’été.fr.md", "characters other than", "rename it to lettre-d-ete.fr.md"),
        ("under_score.md", "characters other than", "rename it to under-score.md"),
        ("-a.md", "characters other than", "rename it to a.md"),
        ("手紙.md", "characters other than", "rename it to issue.md"),
        ("letter.tlh.md", "the language tlh", "rename it to letter.fr.md"),
        ("letter.txt", "does not end in .md", "rename it to letter.md"),
        ("letter", "does not end in .md", "rename it to letter.md"),
        (f"{'a' * 65}.md", "65 characters", f"rename it to {'a' * 64}.md"),
    ],
)
def test_a_name_that_is_no_issue_s_is_told_with_one_that_is(tmp_path: Path, name: str, words: str, remedy: str) -> None:
    problem = wrong(tmp_path, TEXT, name)
    assert words in problem.message
    assert remedy in problem.remedy
    assert id_of(Path(problem.remedy.removeprefix("rename it to ").removesuffix(", say")))


def test_a_language_that_its_name_contradicts_is_a_mistake(tmp_path: Path) -> None:
    content = "---\nsubject: a\nlanguage: en\n---\nHello"
    problem = wrong(tmp_path, content, "letter.fr.md")
    assert (problem.line, problem.message) == (3, "has the language en, and its name says fr")
    assert written(tmp_path, content, "letter.en.md").language == "en"


def test_two_files_are_one_issue_in_two_languages(tmp_path: Path) -> None:
    paths = [tmp_path / "letter.fr.md", tmp_path / "letter.en.md"]
    for path in paths:
        path.write_text(TEXT, encoding="utf-8")
    files = read_all(paths, "fr")
    assert (files.id, set(files.editions), files.warnings) == ("letter", {"fr", "en"}, ())


def test_without_any_word_of_it_a_file_is_in_the_default_language(tmp_path: Path) -> None:
    (tmp_path / "letter.md").write_text(TEXT, encoding="utf-8")
    assert set(read_all([tmp_path / "letter.md"], "en").files) == {"en"}


def test_a_file_of_the_other_language_that_was_not_given_is_warned_of(tmp_path: Path) -> None:
    for name in ("letter.fr.md", "letter.en.md", "other.en.md"):
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    (warning,) = read_all([tmp_path / "letter.fr.md"], "fr").warnings
    assert (warning.severity, warning.file) == ("warning", str(tmp_path / "letter.en.md"))
    assert "was not given" in warning.message


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("a.fr.md", "b.en.md"), "is issue b, and"),
        (("a.fr.md", "a.md"), "is in the same language as"),
        (("a.fr.md", "a.fr.md"), "is in the same language as"),
    ],
)
def test_files_that_are_not_one_issue_are_a_mistake(tmp_path: Path, names: tuple[str, str], words: str) -> None:
    for name in names:
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    with pytest.raises(IssueFileError, match=words):
        read_all([tmp_path / name for name in names], "fr")


def test_the_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    for name in ("a.fr.md", "a.en.md"):
        (tmp_path / name).write_text("Hello", encoding="utf-8")
    with pytest.raises(IssueFileError) as error:
        read_all([tmp_path / "a.fr.md", tmp_path / "a.en.md"], "fr")
    assert [Path(problem.file).name for problem in error.value.problems] == ["a.fr.md", "a.en.md"]


# --- new ones ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("name", ["spring", "spring.md"])
def test_a_new_file_can_be_read_as_it_is(tmp_path: Path, name: str, *, both: bool) -> None:
    languages = LANGUAGES if both else LANGUAGES[-1:]
    files = new_files(tmp_path / name, languages, both=both)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    found = read_all(list(files), LANGUAGES[0])
    assert found.id == "spring"
    assert set(found.files) == set(languages)
    assert found.warnings == ()


# --- any content ------------------------------------------------------------------------------------------------------

_LINE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["---", "subject: a", "language: en", "url: https://a.example/", "  - a", "? b", "&a *a", "!!int 3"]
    ),
)


@pytest.mark.slow
@given(st.one_of(st.binary(max_size=300), st.lists(_LINE, max_size=12).map(lambda lines: "\n".join(lines).encode())))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@example(b"---\nsubject: !!python/object/apply:os.system [echo]\n---\nHello")
@example(b"---\nsubject: &a [*a]\n---\nHello")
@example(b"---\n<<: {subject: a}\n---\nHello")
def test_whatever_a_file_contains_it_is_read_or_its_mistakes_are_told(tmp_path: Path, content: bytes) -> None:
    try:
        file = written(tmp_path, content)
    except IssueFileError as error:
        problems = error.problems
        file = None
    if file is None:
        assert problems
        lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1
        for problem in problems:
            assert problem.severity == "error"
            assert problem.message
            assert problem.line is None or 1 <= problem.line <= max(lines, 2) + 1
        return
    edition = file.edition
    assert edition.subject.strip() == edition.subject != ""
    assert len(edition.subject.splitlines()) == 1
    assert edition.markdown.strip()


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=100))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_subject_in_quotes_is_read_as_it_is(tmp_path: Path, subject: str) -> None:
    if not subject.strip():
        return
    quoted = subject.replace("'", "''")
    assert written(tmp_path, f"---\nsubject: '{quoted}'\n---\nHello").edition.subject == subject.strip()
