"""The words by which columns and cells are recognised, as `meaning.plain` writes them."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

# What a row says, the strictest last.
Standing = Literal["subscribed", "pending", "unsubscribed", "bounced", "complained"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)
LEFT: tuple[Standing, ...] = ("unsubscribed", "bounced", "complained")

# What a column is. `state` holds words such as "cleaned". The others before it answer with yes, no or a date: yes to
# `subscribed` and `confirmed` is good, and yes to the rest is not.
Kind = Literal[
    "email", "name", "first-name", "last-name", "language", "source", "consented-at",
    "subscribed", "confirmed", "pending", "unsubscribed", "bounced", "complained", "state", "ignore",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)

NAMES: Mapping[Kind, frozenset[str]] = {
    "email": frozenset(
        {
            *("email", "e mail", "emails", "mail", "courriel", "email address", "emailaddress", "mail address"),
            *("adresse e mail", "adresse email", "adresse mail", "adresse courriel", "adresse de courriel"),
            *("adresse electronique", "adresse de messagerie", "email 1", "e mail 1", "e mail 1 value"),
            *("primary email", "contact email", "subscriber email", "subscriber s email", "member email", "user email"),
        }
    ),
    "name": frozenset(
        {
            *("name", "full name", "fullname", "display name", "contact name", "subscriber name"),
            *("nom complet", "nom et prenom", "prenom et nom", "nom affiche"),
        }
    ),
    "first-name": frozenset(
        {
            *("first name", "firstname", "fname", "first", "given name", "givenname", "forename"),
            *("subscriber first name", "prenom", "prenoms"),
        }
    ),
    "last-name": frozenset(
        {
            *("last name", "lastname", "lname", "last", "surname", "family name", "familyname"),
            *("subscriber last name", "nom de famille"),
        }
    ),
    "language": frozenset({"language", "langue", "lang", "locale", "preferred language", "langue preferee"}),
    "source": frozenset({"source", "page", "origine", "provenance", "signup source", "acquisition source"}),
}
# Columns with the date of consent, the best first. The last ones say when the person was added to the list.
CONSENT_DATES = (
    r"confirm\w* (time|at|date|on)|(date|heure) (de )?(la )?confirm\w*|confirme\w* le",
    (
        r"(e ?mail )?(marketing )?consent\w*( given)? (at|time|date|on|timestamp)"
        r"|(date|heure) (de |du )?consentement|consentement le"
    ),
    r"opt ?(ed )?in( time| date| at| on| timestamp)|optin(time|date)|(date|heure) (d )?opt ?in",
    (
        r"(subscribed|subscriber|subscription|signup|sign up|signed up|joined|registered|registration)( at| date"
        r"| on| time| since)?"
        r"( created at)?|date (subscribed|joined|registered)|(date )?(d )?(inscription|abonnement)"
        r"|(inscrit|abonne)e? le|(inscrit|abonne)e? depuis|since|depuis"
    ),
    (
        r"created( at| on| date| time)?( utc 0)?|create date|creation( date| time)?"
        r"|date (created|added|de creation|d ajout)"
        r"|added( at| on| date| time)|(cree|ajoute)e? le( utc 0)?|start date|followed at|date"
        r"|horodateur|horodatage|timestamp|submitted( at| on)?|date de soumission"
    ),
)
CONSENT = [re.compile(one) for one in CONSENT_DATES]

# --- words in names ---------------------------------------------------------------------------------------------------

COMPLAINED = r"complain\w*|complaint\w*|plaint\w*|spam\w*|abus\w*|junk|indesirable\w*|signale\w*"
BOUNCED = (
    r"\w*bounc\w*|rebond\w*|rebound\w*|cleaned|clean|nettoye\w*|undeliver\w*|non deliv\w*|non delivr\w*|npai"
    r"|unreachable|injoignable\w*|invalid\w*"
    r"|erron\w*|en erreur|erreurs?|errors?|bad (e ?mail|address)\w*|undeliverability|deliverability issues?"
)
UNSUBSCRIBED = (
    # Joined to other words, as in `isexcludedfromcampaigns`.
    r"\w*(unsub|optout|optedout|blacklist|blocklist|excluded|disabled|desinscri|desabo|donotmail|donotcontact)\w*"
    r"|un subscri\w*|de ?s ?inscri\w*|de ?s ?abonn\w*|desouscri\w*|opt(ed|ing)? ?outs?|remov\w*"
    r"|delet\w*|supprim\w*"
    r"|suppression\w*|suppress\w*|disabl\w*|desactiv\w*|de ?activat\w*|inactiv\w*|inactif\w*|archiv\w*|black ?list\w*"
    r"|block ?list\w*|block\w*|bloque\w*|bloqua\w*|bloc?age|liste (noire|rouge)|exclud\w*|exclu(e|s|es)?"
    r"|exclusion\w*|cancel\w*|annul\w*|resili\w*"
    r"|left(?! hand)|leav\w*|parti(e|s|es)?|departs?|quit(s|ted|te|tee)?|sorti\w*|refus\w*|oppos\w*|objected"
    r"|revo[kcq]\w*|withdr[ae]w\w*"
    r"|retir(e|es|ee|ees|er)|enlev\w*|radi(e|es|ee|ees|er|ation|ations)|exit|exited|decede\w*|deces|deceased|dead|morts?"
    r"|(plus|not|no longer) interes\w*|dado de baja|bajas?|desuscrit\w*|disiscritt\w*"
    r"|stop\w*|terminat\w*|suspend\w*|suspens\w*|ban|bann\w*|denied|declin\w*|reject\w*"
    r"|rejet\w*|dnd|dnc|dnm|dne|demission\w*|quarantin\w*|held|on hold"
    r"|do not \w+|ne (pas|plus) \w+|n(e)? \w+ (pas|plus)( \w+)?|no ?(more )?(e ?)?mails?|nomail|no longer \w+"
    r"|plus de mails?|email off|mail off"
    r"|mute\w*|ended"
    r"|forgotten|forget|oubli\w*|erased|efface\w*|trash\w*|corbeille|resign\w*|lapsed|lifted|anonymi[sz]\w*"
    r"|abgemeldet|abbestellt|ausgetragen|uitgeschreven|afgemeld"
    r"|(ex|ancien|ancienne|former|formerly|past|previously|plus|not|pas) (subscri\w*|abonn\w*|inscri\w*"
    r"|members?|membres?)"
)
PENDING = (
    r"pending\w*|un ?confirmed|un ?verified|un ?activated|non confirm\w*|non verif\w*|en attente\w*|awaiting\w*"
    r"|not confirmed|not verified|a confirmer|waiting\w*|non ?subscribed|never subscribed"
)
PATTERNS: Sequence[tuple[Standing, re.Pattern[str]]] = (
    ("complained", re.compile(rf"\b({COMPLAINED})\b")),
    ("bounced", re.compile(rf"\b({BOUNCED})\b")),
    ("unsubscribed", re.compile(rf"\b({UNSUBSCRIBED})\b")),
    ("pending", re.compile(rf"\b({PENDING})\b")),
)
LEFT_WORD = re.compile(rf"\b({COMPLAINED}|{BOUNCED}|{UNSUBSCRIBED}|{PENDING})\b")
STATE_NAME = re.compile(r"\b(status|statuses|state|statut|etat|estado|stato|standing|situation)\b")
CONFIRMED_NAME = re.compile(
    r"(is |est |email |e mail |adresse |optin |opt in )*(confirm(ed|e|ee|ation)?|verified|verifie|validated|valide"
    r"|double opt ?(ed )?in|doi|activated)( at| time| date| on| le| status)?|date (de )?(la )?(confirmation|validation)"
    r"|sib double opt in|doi (confirmed|date)( at)?"
)
CONFIRMED_WORD = re.compile(r"\b(confirm\w*|verif\w*|valid\w*|activated|doi|double)\b")
SUBSCRIBED_NAME = re.compile(
    r"\b(subscri(bed|be|ber|ption|ptions)|abonne(e|s|es)?|abonnements?|inscrit(e|s|es)?|inscriptions?|opt(ed|s)? ?in"
    r"|newsletters?|lettres?|infolettres?|accept\w*|accord|consent\w*|agree\w*|permissions?|authori[sz]\w*"
    r"|autoris\w*|allow\w*"
    r"|active|actif|actifs|enabled|activee?|marketing|mailing|mailable|contactable|receives?|recoit|wants?|souhaite"
    r"|gdpr|rgpd|notif\w*|alerts?|alertes?|deliverable|joignable|reachable|valid|(e ?)?mailings?|abos?|inscr|subs?)\b"
)
# The format of their mail.
FORMAT = re.compile(r"\b(format|html|text|texte|type|client|domain|domaine|provider|hash|md5|language|langue)\b")
# About another channel, or something that is not the person's choice.
OTHER_CHANNEL = re.compile(
    r"\b(sms|whatsapp|phone|phones|telephone|tel|mobile|portable|gsm|landline|push|fax|call|calls|appels?|postal"
    r"|courrier|facebook|twitter|messenger)\b"
)
# Not about whether they get emails: tracking, or one email a day instead of several.
OTHER_PURPOSE = re.compile(
    r"(consents?|consentement|allow\w*|accept\w*|opt(ed)? ?in|optedin)( to| a| au)?( be)? "
    r"(track\w*|tracage|suivi|cookies?|profiling|profilage)"
    r"|(opt ?in|offres?|offers|consentement)( des| from)? (partenaires?|partners?|tiers|third part(y|ies))"
    r"|(prefers? )?digests?( enabled)?|track\w*|cookies?"
)
# How often, or which emails, somebody wants: "never" and "none" mean no emails.
PREFERENCE = re.compile(
    r"\b(frequency|frequence|preferences?|preference|prefs?|cadence|rythme|periodicite|how often|newsletters?"
    r"|lettres?|infolettres?|abonnements?|subscriptions?|e?mailings?|permissions?|consent\w*|opt(ed)? ?in)\b"
)
WANTS_NONE = frozenset({"never", "none", "jamais", "aucun", "aucune", "nothing", "rien"})
# What they may be written to about, as a yes or a no.
ABOUT_WRITING = re.compile(
    r"(may |can |ok to |to )?(send|contact|write|mailable|sendable|contactable)( ok| me| them)?"
    r"|(a |peut etre )?contact\w* ?ok|opt"
    r"|(a |peut etre )?(envoyer|envoi|contacter|contactee?|ecrire)|(e ?mail )?(ok|allowed|autorise)"
)
# What is mostly sent by email: no may mean that they want none.
ABOUT_NEWS = re.compile(
    r"(\w+ ){0,2}(nl|news|updates?|promos?|promotions?|offers?|offres?|actus?|actualites|infos?|weekly|monthly|hebdo\w*"
    r"|mensuelle?)"
)
# When or why something ended, or that it did: perhaps their subscription.
ENDED = re.compile(
    r"(date (de )?)?fin|end(ed)?( date| at| on)?|ends( at| on)?|until|(depuis )?jusqu au|valid until|valable jusqu au"
    r"|(account )?closed( at| on| date)?|(compte )?cloturee?( le)?|anciens?|anciennes?|former|motif|raison|reason"
)
# No, in other words: `Non merci`, `Not given`, `Out`.
NO_IN_WORDS = re.compile(
    r"(no|non|not|none|never|jamais|pas|nope|nein|ne|aucune?|out|off|ko|false|faux|expir\w*|termin\w*|fini\w*|ended"
    r"|over|echue?|denied|withheld|without|sans)\b"
)
CROSSES = ("✗", "✘", "❌", "☐", "☒", "-1")
ABOUT_EMAIL = re.compile(r"\b(e ?mails?|mails?|courriels?)\b")
ADDRESS_OF_A_PAGE = re.compile(r"\b(url|link|lien|href|token|jeton|code|key|cle|hash|template|page|redirect)\b")
NETWORK = re.compile(r"\b(ip|ips|ip address|from|user agent|browser)\b")
RATE = re.compile(r"\b(rate|rates|taux|score|scores|rating|percent|percentage|pct)\b")
MEASURE = re.compile(
    r"\b(opens?|opened|ouvertures?|clicks?|clicked|clics?|views?"
    r"|vues?|days|jours|months|mois|sent|received|delivered|replied|recus|dropped|envoyes?|revenue|price|prix|amount|montant|shares|comments|hours|weeks)\b"
)
COUNT = re.compile(r"\b(count|counts|number|nombre|num|nb|total|totals|times|gifted|referred|referrals?)\b")
# 0 and 1 in such a column may be counts.
SEVERAL = re.compile(r"\b(subscriptions|subscribers|abonnements|inscriptions|newsletters|lettres|mailings|emails)\b")
PAYMENT = re.compile(
    r"\b(stripe|expiry|expir\w*|plan|plans|tier|tiers|paid|pay|payant\w*|payment\w*|paiement\w*|paypal|revenue|billing"
    r"|factur\w*|invoice\w*|order\w*|commande\w*|premium|trial|purchas\w*|achat\w*|customer|founding|comp|gift)\b"
)
# Words for both paid and free subscriptions.
OF_PAYMENT = re.compile(
    r"(active|paid|stripe|premium) (subscription|subscriber|plan|member|membership)"
    r"|(subscription )?(cancel date|end date|expir\w*( date| at| on)?)|cancel at period end"
)
UNTIL = re.compile(r"\b(until|till|jusqu|end|ends|fin|expir\w*|last|dernier|derniere)\b")
PLACE = re.compile(
    r"\b(address|adresse|region|province|country|pays|zip|postcode|city|ville|shipping|billing|county|departement"
    r"|commune)\b"
)
OTHER_STATE = re.compile(
    r"\b(lead|deal|sales|civil|charge|card|financial|fulfillment|pledge|cotisation|adhesion|marital|matrimonial\w*"
    r"|family|job|employment|emploi|order|commande|payment|paiement"
    r"|invoice|facture|plan|vip|attendee|ticket|participant\w*|booking|reservation)\b"
)
HARMLESS = re.compile(
    r"(e ?mail )?(notes?|remarks?|remarques?|commentaires?|comments?|description|bio|id|uuid|leid|euid|uid|guid)"
    r"|(\w+ )+ids?|tags?|labels?|etiquettes?|groups?|groupes?|segments?|lists?|listes?"
    r"|listids?|interests?|interets?|country|pays|city|ville|company|entreprise|societe|organi[sz]ation"
    r"|timezone|time zone|metadata|attributes|attributs|last changed|modified|modified time|updated at|utm \w+|cc"
    r"|.*\b(source|origin|origine|canal|channel|medium|form|formulaire|lieu|endroit|place|where|location"
    r"|referr\w+|provenance)\b.*"
)
# In a free-text cell, only these are taken for a state.
STRONG = re.compile(
    r"(stop|npai|(ex|anciens?|anciennes?|former) (abonn\w*|subscri\w*|inscrit\w*)|unsub\w*|un subscri\w*"
    r"|de ?s ?inscri\w*|de ?s ?abonn\w*|desabo|opt(ed)? ?out|(hard )?bounced|complained|black ?listed?|"
    r"block ?listed?|do not (e?mail|contact)|ne (pas|plus) (contacter|ecrire)"
    r"|a (supprimer|retirer|desinscrire|desabonner)|to (remove|delete)|unsubscribe me)( (le|on|at|by"
    r"|par)?( ?\w+){0,3})?"
)
# In a note, these count anywhere.
ASKED_TO_LEAVE = re.compile(
    r"\b(please|svp|merci de|priere de) (\w+ ){0,2}(remov\w*|delet\w*|unsub\w*|stop\w*|desinscri\w*"
    r"|desabonn\w*|retir\w*|supprim\w*)"
    r"|\b(stop|no more|plus de|cease) (\w+ )?(e ?mail\w*|mails?|messages?|sending|writing|newsletters?|courriels?)\b"
    r"|\b(do not|don t|dont|never) (send|write|e ?mail|mail|contact)\b"
    r"|\bne (plus|pas|jamais) (\w+ )?(envoyer|ecrire|contacter|recevoir)\b"
    r"|\bne (veut|souhaite|desire|recoit) (plus|pas)\b"
    r"|\b(unsubscribed|(desinscrit|desabonne)e?s?|opted out)\b|\bwants? (to be )?(off|out)\b"
    r"|\btake (me|him|her|them|us) off\b|\bno longer wants?\b|\b(removal|removed?) requested\b|\brequest\w* removal\b"
    r"|\bremove (\w+ )?from (\w+ )?list\b|\b(desinscription|desabonnement|suppression) demandee?\b"
    r"|\brgpd (a )?effacer\b"
    r"|\b(mails?|messages?|courriels?) revenus?\b"
    r"|\bdemand\w* (de |d |son |sa |un |une )?(retrait|desinscription|desabonnement|suppression"
    r"|a etre (retire|supprime|desinscrit|desabonne)\w*)"
    r"|\basked (me |us )?to be (removed|taken off)( from (the|our|this|all) (mailing |e ?mail )?(list|newsletter)s?)?"
    r"( (on|in|by|le) .*)?$"
)
# If they are all that a note says, more words count: `hard bounce`, `deceased`.
NOTES = re.compile(r"(e ?mail )?(notes?|remarks?|remarques?|commentaires?|comments?|observations?)")
BETWEEN_TAGS = re.compile(r"[,;|]")
REASON = re.compile(
    r"\b(reason|raison|motif|cause|campaign|campagne|title|titre|other|comment|commentaire|by|par|from|ip|message|type"
    r"|feedback)\b"
)
# How somebody left: a column that tools may fill in for everybody.
MEANS = re.compile(r"\b(method|methode|source|origine|via|channel|canal)\b")
# Free-text columns of our own export.
OURS = ("wording", "wording version", "statement", "consent claim", "asked from", "confirmed from", "unsubscribe url")
SINCE_WHEN = re.compile(r"\b(subscri\w*|abonn\w*|inscri\w*|opt(ed)? ?in|newsletters?|consent\w*)\b")
AT = re.compile(r"\b(time|at|date|on|le|timestamp|since|depuis|heure)\b")

# A cell that is about leaving and nothing else: `Hard bounced`, but not `Sidebar block`.
_BESIDE = (
    r"((user|e ?mail|contact|subscriber|address|adresse|globally|manually|hard|soft|has|is|was|est|s est|a|list|self"
    r"|deja|already|not|non|pas|jamais|never|no longer|auto\w*) )*"
)
_ALONE = rf"{_BESIDE}({COMPLAINED}|{BOUNCED}|{UNSUBSCRIBED}|{PENDING}|subscribed|abonnee?|inscrite?|confirmed|active)"
EXACT = re.compile(_ALONE)
ALONE = re.compile(rf"{_ALONE}( \w+){{0,2}}")

# --- words in cells ---------------------------------------------------------------------------------------------------

YES = frozenset(
    {
        *("true", "yes", "y", "t", "1", "1.0", "1,0", "1.00", "1,00", "oui", "o", "vrai", "v", "on", "x"),
        *("✓", "✔", "☑", "✅", "wahr", "ja", "si"),
    }
)
NO = frozenset(
    {
        *("false", "no", "n", "f", "0", "0.0", "0,0", "0.00", "0,00", "non", "faux", "off", "ko"),
        *("☐", "✗", "✘", "❌", "nein"),
    }
)
# Brevo lists the channels that somebody subscribed to, or is blocklisted on: `email_marketing|sms_marketing`.
_CHANNEL = r"(email|sms|whatsapp|push|web)_(marketing|transactional)"
CHANNELS = re.compile(rf"\[? *{_CHANNEL}( *[|,; ] *{_CHANNEL})* *\]?")
OF_EMAIL = "email_marketing"
MARKS = frozenset({"x", "✓", "✔", "☑", "✅"})
NOTHING = frozenset(
    {
        *("", "-", "–", "—", "[]", "{}", "n/a", "na", "null", "none", "nil", "nan", "undefined", "\\n"),
        *("aucun", "aucune", "jamais", "never"),
    }
)
SUBSCRIBED_WORD = re.compile(
    r"((currently|still|toujours|yes|oui) )?(subscribed|subscriber|subscribe|abonnee?|inscrite?|confirmed"
    r"|confirmee?|active"
    r"|actif|activee?|enabled|valide?|validee?|verified|verifiee?|deliverable|regular|premium|gifted|trialed"
    r"|trialing|free|paid"
    r"|comp|comped|member|unpaid|past due|churning|churned|delivered|delivre|implicit|explicit|approved"
    r"|accepted|accepte|opened"
    r"|ok|normal|live|current|express|implied|marketing( contact)?"
    r"|(single |double |confirmed )?opt(ed)? ?in( confirmed)?)( (single|double) opt ?in)?"
)
NEVER_ASKED = re.compile(
    rf"({PENDING}|not set|unset|not (yet )?(opted in|activated)|never (confirmed|subscribed|opted in|verified)"
    r"|jamais (confirme|inscrit|abonne)e?|invited|invitee?|to confirm|transactional( only)?|no consent"
    r"|unknown|inconnue?"
    r"|new|nouveau|prospect|lead|customer|paused|pause|en pause|held|on hold|guest|expired|optin pending"
    r"|no permissions? set|non marketing( contact)?|temp(orary)? hold"
    r"|confirmation (pending|sent)|validating|needs attention|(requires|needs) (verification|confirmation)"
    r"|(doi|double opt ?in|confirmation email) (sent|envoyee?)|upcoming)"
)
# States of an address that takes no mail.
GONE = re.compile(
    r"(adresse |e ?mail |mail |courriel |address |mailbox )?(inexistante?|introuvable|gone|does not exist|not found"
    r"|n existe (pas|plus))|(adresse|e ?mail|mail|courriel) (inconnue?|morte?|fausse|faux|mauvaise?|hs)"
    r"|(mauvaise?|fausse|faux) (adresse|e ?mail|mail|courriel)|retour (mail|e ?mail)|no such user|user unknown"
    r"|unknown user|malformed|dropped|(delivery )?failed|hard"
)
NOT_SUBSCRIBED = re.compile(
    r"(not|no longer|non|pas|plus|n est plus|n est pas) (currently )?(subscribed|subscriber|abonnee?"
    r"|inscrite?|active|actif"
    r"|opted in|enabled|opt in)"
)
NEGATED = re.compile(r"\b(not|never|non|ne|plus|pas|jamais|no|isn t|without|sans)\b")
HARD = re.compile(r"(hard|permanent|general|suppressed|oui)( bounce)?|bounce|dure?")
SOFT = re.compile(r"(soft|transient|temporary|temporaire|undetermined)( bounce)?|mou|molle")
COMPLAINT = re.compile(r"(feedback loop|fbl|spam|abuse|abus)( complaint| report)?|complain(t|ed)|plainte")
# For whole cells: the first match counts.
WHOLE: Sequence[tuple[Standing, re.Pattern[str]]] = (
    ("pending", NEVER_ASKED),
    ("unsubscribed", NOT_SUBSCRIBED),
    ("subscribed", SUBSCRIBED_WORD),
    ("bounced", GONE),
    ("complained", COMPLAINT),
)
MOST_WORDS = 6
# The names that tools give to files of people who left.
FILES: Sequence[tuple[Standing, re.Pattern[str]]] = (
    ("complained", re.compile(r"complain\w*|plaintes?|spam\w*")),
    ("bounced", re.compile(r"(hard )?bounc\w*|cleaned (members?|emails?|contacts?|audience|subscribers?)|rebonds?")),
    ("pending", re.compile(r"non ?subscribed|unconfirmed|unactivated|pending|non (abonn|inscri|confirm)\w*")),
    (
        "unsubscribed",
        re.compile(
            r"unsub\w*|de ?s ?inscri\w*|de ?s ?abonn\w*|opt(ed)? ?outs?|block ?list\w*|black ?list\w*"
            r"|suppress\w*|exclu\w*"
        ),
    ),
)
