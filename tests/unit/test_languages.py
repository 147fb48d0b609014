"""The sentences."""

from string import Formatter

from guichet.locales import LANGUAGES, SENTENCES


def test_every_sentence_is_there_in_every_language_with_the_same_places() -> None:
    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    first, *others = ({key: places(text) for key, text in SENTENCES[language].items()} for language in LANGUAGES)
    assert all(first == other for other in others)
    assert len(SENTENCES) == len(LANGUAGES)
