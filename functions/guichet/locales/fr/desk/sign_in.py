"""Ce que disent les pages de connexion."""

SENTENCES = {
    "title": "Connexion",
    "lead": "Ici, le propriétaire du site «\u00a0{site}\u00a0» lit les messages, gère les abonnés et leur écrit.",
    "address": "Votre adresse email",
    "remember": "Rester connecté sur ce navigateur pendant 30\u00a0jours",
    "ask": "Recevoir un code",
    "cookies": "La connexion nécessite des cookies. Il n’y en a pas d’autres ici, et personne n’est suivi.",
    "no_address": "Ce n’est pas une adresse email. Exemple\u00a0: nom@example.com.",
    "too_many": (
        "Trop de codes ont été demandés depuis ce réseau. Réessayez dans {minutes}\u00a0min, ou utilisez la commande "
        "guichet desk."
    ),
    "code_title": "Saisissez le code",
    "sent": (
        "Si cette adresse est celle d’un propriétaire, un email contenant un code est en route. Le code ne fonctionne "
        "que dans ce navigateur, une seule fois, pendant {minutes}\u00a0minutes."
    ),
    "code": "Code reçu par email",
    "code_hint": "Huit lettres et chiffres, comme XXXX-XXXX, en majuscules ou en minuscules.",
    "enter": "Se connecter",
    "no_code": "Un code se compose de huit lettres et chiffres. Copiez-le depuis l’email.",
    "wrong_code": "Ce code est incorrect ou ne fonctionne plus. Essais restants\u00a0: {left}.",
    "none_came": "Pas d’email\u202f?",
    "none_came_because": (
        "Regardez dans les indésirables et vérifiez que vous avez saisi l’adresse avec laquelle le site a été "
        "configuré. Un email qui ne peut pas arriver en 15\u00a0minutes n’est pas envoyé\u00a0: demandez alors un "
        "autre code. Pour un même réseau, peu d’emails partent chaque jour tant que vous ne vous êtes jamais connecté "
        "avec ce navigateur."
    ),
    "again": "Demander un autre code",
    "by_command": "Sans email, cette commande affiche un lien, avec les identifiants AWS du site\u00a0:",
    "as_title": "Confirmer la connexion",
    "as": "Vous allez vous connecter en tant que {address}.",
    "elsewhere_title": "Pas dans ce navigateur",
    "elsewhere": (
        "Le lien de l’email ne fonctionne que dans le navigateur où il a été demandé. Revenez à ce navigateur et "
        "saisissez-y le code de l’email. Si vous êtes déjà connecté, il n’y a plus rien à faire."
    ),
    "no_cookie_title": "Demandez d’abord un code",
    "no_cookie": (
        "Ce navigateur n’a pas demandé de code depuis une heure, ou ne conserve pas les cookies. S’il les refuse, "
        "autorisez-les pour cette adresse\u00a0: la connexion est impossible sans eux. Demandez ensuite un code."
    ),
    "ended_title": "Cela ne fonctionne plus",
    "ended": (
        "Le code ou le lien a déjà servi, date de plus de 15\u00a0minutes, ou un code erroné a été saisi trop souvent. "
        "Personne n’a été connecté."
    ),
    "told_signed_out": "Vous êtes déconnecté de ce navigateur.",
}
