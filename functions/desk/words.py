"""The sentences of the desk. Each area of the desk has a module in the folder of each language (guichet.locales).

The other functions do not load them.
"""

from importlib import import_module

from guichet.locales import Language, locale, name_of
from guichet.records.outbox import DEPLOY_HOOK, module_of


def say(key: str, language: Language, **values: object) -> str:
    """Return a sentence in a language, its placeholders filled with `values`. `key` is module and name, by a dot."""
    area, _, name = key.partition(".")
    return _sentences(area, language)[name].format_map(values)


def told(page: str, what: str, language: Language) -> str:
    """Return what a page reports after a change: the sentence `told_…` of its area, or an empty string.

    `what` comes from a URL, so it may be anything.
    """
    area = page.partition("/")[0].replace("-", "_")
    return _sentences(area, language).get(f"told_{what}", "") if what else ""


def _sentences(area: str, language: Language) -> dict[str, str]:
    found: dict[str, str] = import_module(f"guichet.locales.{language}.desk.{area}").SENTENCES
    return found


def own_name(language: Language) -> str:
    """Return a language's own name, capitalized for a list."""
    name = name_of(language, language)
    return name[:1].upper() + name[1:]


def email_name(name: str, language: Language) -> str:
    """Return what the desk calls an email, given its name in the outbox."""
    if name == DEPLOY_HOOK:
        return say("outbox.email_deploy_hook", language)
    sentence = locale(language).SENTENCES.get(f"{module_of(name)}_called")
    # Another version of this code may have queued it.
    return sentence or say("outbox.email_other", language, name=name)
