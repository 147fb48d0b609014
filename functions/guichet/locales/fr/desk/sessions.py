"""Ce que dit la page des sessions."""

SENTENCES = {
    "title": "Sessions",
    "lead": "Ces navigateurs sont connectés au bureau en tant que {address}.",
    "this": "ce navigateur",
    "unknown": "Un navigateur inconnu",
    "calls_itself": "«\u00a0{text}\u00a0»",
    "since": "Depuis le",
    "until": "jusqu’au",
    "end": "Fermer cette session",
    "end_others": "Fermer toutes les autres sessions",
    "only_this": "Vous n’êtes connecté nulle part ailleurs.",
    "told_ended": "La session est fermée\u00a0: ce navigateur est déconnecté.",
    "told_ended_others": "Toutes les autres sessions sont fermées.",
}
