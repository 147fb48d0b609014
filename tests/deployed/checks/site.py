"""As a static site: its forms, their replies, what scripts of other sites may do."""

import json
from urllib.parse import urlsplit

from urllib3 import encode_multipart_formdata

from tests.deployed.world import FORM, JSON, OWNER, World
from tests.support.stack import Answer

_PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,accept"}


def forms_of_three_media_types_are_kept_and_told(world: World) -> None:
    for media_type in (FORM, "multipart/form-data", JSON):
        address, words = world.somebody(), world.words()
        fields = {"email": address, "message": words, "Couleur préférée": "bleu"}
        if media_type == FORM:
            answer = world.post("/contact", fields, Accept_Language="fr")
        else:
            body, content_type = (
                encode_multipart_formdata(fields)
                if media_type != JSON
                else (json.dumps(fields, ensure_ascii=False).encode(), JSON)
            )
            headers = {"Content-Type": content_type, "Origin": world.site.origin, "Accept": "*/*"}
            answer = world.stack.ask("POST", "/contact", body, headers)
        if media_type == JSON:
            assert (answer.status, answer.json["ok"]) == (200, True)
        else:
            assert answer.status == 303
            assert _thanks(world, answer.headers["location"])
        (kept,) = world.items("message", email=address)
        assert (kept["message"], kept["extra"]) == (words, [["Couleur préférée", "bleu"]])
        told = world.mail(OWNER, words)
        assert told.message["To"] == OWNER
        assert told.message["Reply-To"].addresses[0].addr_spec == address
        assert "Couleur préférée" in told.text
        assert words in told.html.replace("&#39;", "'")


def _thanks(world: World, location: str) -> bool:
    """Return whether an address is the thank-you page, and exists. The emulator's port does not count: AWS has none."""
    parts = urlsplit(location)
    assert (parts.scheme, parts.hostname) == ("https", world.stack.host.partition(":")[0])
    return parts.path == "/thanks" and world.stack.ask("GET", f"{parts.path}?{parts.query}").status == 200


def the_page_of_thanks_is_in_the_readers_language(world: World) -> None:
    for language, thanks in (("fr", "Merci"), ("en", "Thank you")):
        answer = world.stack.ask("GET", f"/thanks?form=contact&language={language}")
        assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert thanks in answer.text


def a_script_of_the_site_may_post_and_one_of_another_may_not(world: World) -> None:
    for path in ("/contact", "/newsletter"):
        own = world.stack.ask("OPTIONS", path, headers={"Origin": world.site.origin, **_PREFLIGHT})
        assert own.headers["access-control-allow-origin"] == world.site.origin
        assert "POST" in own.headers["access-control-allow-methods"]
        assert {"content-type", "accept", "x-requested-with"} <= set(
            own.headers["access-control-allow-headers"].split(",")
        )
        foreign = world.stack.ask("OPTIONS", path, headers={"Origin": "https://foreign.example", **_PREFLIGHT})
        assert "access-control-allow-origin" not in foreign.headers
    fields = {"email": world.somebody(), "message": world.words()}
    answer = world.post("/contact", fields, Accept=JSON)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, world.site.origin)
    refused = world.post("/contact", fields, Accept=JSON, Origin="https://foreign.example")
    assert (refused.status, _codes(refused)) == (403, ["ORIGIN_NOT_ALLOWED"])
    assert "access-control-allow-origin" not in refused.headers


def the_visitor_is_sent_on_to_the_site_alone(world: World) -> None:
    def sent_on(wanted: str) -> str:
        fields = {"email": world.somebody(), "message": world.words(), "_next": wanted}
        answer = world.post("/contact", fields)
        assert answer.status == 303
        return answer.headers["location"]

    own = f"{world.site.origin}/merci?a=1"
    assert sent_on(own) == own
    assert _thanks(world, sent_on("https://foreign.example/"))


def errors_say_what_is_wrong(world: World) -> None:
    fields = {"email": world.somebody(), "message": world.words()}
    headers = {"Content-Type": JSON, "Origin": world.site.origin}
    for expected, answer in {
        (400, "BAD_JSON"): world.stack.ask("POST", "/contact", b"{", headers),
        (404, "FORM_NOT_FOUND"): world.post("/f/unknown", fields, Accept=JSON),
        (413, "TOO_LARGE"): world.post("/contact", {**fields, "message": 66_000 * "a"}, Accept=JSON),
        (415, "UNSUPPORTED_MEDIA_TYPE"): world.post("/contact", fields, Accept=JSON, Content_Type="text/csv"),
        (422, "TYPE_EMAIL"): world.post("/contact", {**fields, "email": "nobody"}, Accept=JSON),
        (422, "REQUIRED_FIELD_MISSING"): world.post("/newsletter", {"name": "Anne"}, Accept=JSON),
    }.items():
        assert (answer.status, *_codes(answer)[:1]) == expected, answer
        assert answer.json["error"]
    page = world.post("/contact", {"email": "nobody"}, Accept_Language="en")
    assert (page.status, page.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert '<html lang="en">' in page.text
    # The gateway's own answer.
    assert world.stack.ask("GET", "/nowhere").json == {"message": "Not Found"}
    assert world.stack.ask("GET", "/challenge").status == 204


def _codes(answer: Answer) -> list[str]:
    return [error["code"] for error in answer.json["errors"]]


def a_repeat_is_one_message_and_one_email(world: World) -> None:
    fields = {"email": world.somebody(), "message": world.words()}
    first, second = (world.post("/contact", fields, Accept=JSON) for _ in range(2))
    assert (first.status, second.status) == (200, 200)
    assert first.json["id"] == second.json["id"]
    assert len(world.items("message", email=fields["email"])) == 1
    world.mail(OWNER, fields["message"])


def the_honeypot_looks_like_success_and_tells_nobody(world: World) -> None:
    fields = {"email": world.somebody(), "message": world.words(), "_gotcha": "https://pills.example"}
    answer = world.post("/contact", fields, Accept=JSON)
    assert (answer.status, answer.json["ok"]) == (200, True)
    (kept,) = world.items("message", email=fields["email"])
    assert kept["spam"] == "honeypot"
    assert world.items("email", pk=kept["pk"]) == []


def a_form_of_the_sites_own_goes_to_its_recipients(world: World) -> None:
    address, words = world.somebody(), world.words()
    fields = {"email": address, "message": words, "budget": "plus", "date": "31/12/2026", "accord": "on"}
    refused = world.post("/f/devis", {**fields, "budget": "beaucoup", "date": "demain"}, Accept=JSON)
    assert (refused.status, sorted(_codes(refused))) == (422, ["NOT_A_CHOICE", "TYPE_DATE"])
    assert world.post("/f/devis", fields, Accept_Language="fr").status == 303
    (kept,) = world.items("message", email=address)
    assert (kept["form"], dict(kept["extra"])["date"]) == ("devis", "2026-12-31")
    told = world.mail("devis@example.org", words)
    assert told.mail.to == ["grands@example.org", "devis@example.org"]
    assert "Demande de devis" in told.message["Subject"]
    assert "deux jours" in world.mail(address, "Merci").text
    assert world.mails(OWNER, words) == []


CHECKS = (
    a_form_of_the_sites_own_goes_to_its_recipients,
    forms_of_three_media_types_are_kept_and_told,
    the_page_of_thanks_is_in_the_readers_language,
    a_script_of_the_site_may_post_and_one_of_another_may_not,
    the_visitor_is_sent_on_to_the_site_alone,
    errors_say_what_is_wrong,
    a_repeat_is_one_message_and_one_email,
    the_honeypot_looks_like_success_and_tells_nobody,
)
