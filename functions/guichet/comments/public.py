"""The public part of a comment, made once: on approval, or by an import."""

from guichet.comments.markdown import html
from guichet.comments.plain import name
from guichet.records.comment import Comment
from guichet.store.comments import PublicPart


def public_part(comment: Comment) -> PublicPart:
    """Return what everybody sees of a comment once it is approved."""
    return PublicPart(name(comment.name), html(comment.comment))
