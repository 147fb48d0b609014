"""English."""

SENTENCES = {
    # In place of a deleted comment, above its replies
    "deleted": "This comment was deleted.",
    # In the feed
    "feed_title": "{site}: comments",
    "feed_entry": "{name} on {page}",
    # Who wrote an imported comment that has no name
    "anonymous": "Anonymous",
}
