"""French."""

SENTENCES = {
    # Instead of a comment that is gone, above its replies
    "deleted": "Ce commentaire a été supprimé.",
    # In the feed
    "feed_title": "{site}\u00a0: commentaires",
    "feed_entry": "{name}, sur {page}",
    # Who wrote an imported comment that has no name
    "anonymous": "Anonyme",
}
