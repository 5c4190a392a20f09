"""The people and things that schemathesis asks about: a dedicated administrator, a room, files, links.

What is invented at random names nothing that exists, and stops at 404. Where a value is meant to be
right, this puts one that is: the room that is there, a colleague's address, an upload just begun.
"""

import base64
import hmac
import http.client
import itertools
import json
import os
import time
from pathlib import Path
from urllib.parse import quote

import schemathesis

HOST, PORT = "demo.localhost", int(os.environ["BEFFROI_PORT"])
ADMINISTRATOR, PASSWORD = os.environ["BEFFROI_ADMINISTRATOR"], os.environ["BEFFROI_PASSWORD"]
OURS = "Quatre-lanternes-au-vent-7"
BOB = "bob@demo.localhost"
# A label that no room here carries: what is tried with it shuts nobody out.
MARK = "restricted"
DECISION = {"reference": "H-12", "authority": "ANSSI", "until": "9999-12-31"}
# Routes without a hole, and whoever asks about them is not just anybody.
CHOSEN = {
    "/api/session",
    "/api/session/prove",
    "/api/factors/recovery-codes",
    "/api/application-passwords",
    "/api/devices/code",
    "/api/admin/organisation",
    "/api/admin/lock",
    "/api/admin/alert-rules",
    "/api/admin/administration",
    "/api/admin/passkey-makers",
    "/api/admin/charter",
    "/api/admin/bodies",
    "/api/session/lock",
}
MAKER = (Path(__file__).parents[2] / "crates/testkit/attestation/root.pem").read_text(encoding="ascii")
NOBODY = {"address": f"personne@{HOST}"} | dict.fromkeys(["id", "room", "link"], "0000000000000")
LABELS = ["internal", "public", "sensitive", "medical"]
DESCRIPTION = Path(__file__).parents[2] / "docs/openapi.json"
PATHS = json.loads(DESCRIPTION.read_text(encoding="utf-8"))["paths"]
numbers = itertools.count()


class Person:
    """Someone with a session. They call from another address than schemathesis does: its wrong passwords
    make its own address wait, not theirs."""

    def __init__(self):
        self.headers = {"Host": f"{HOST}:{PORT}"}

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60, source_address=("127.0.0.2", 0))
        sent = {**self.headers, **headers}
        if not isinstance(body, (bytes, type(None))):
            body, sent["Content-Type"] = json.dumps(body), "application/json"
        connection.request(method, path, body=body, headers=sent)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status < 300, f"{method} {path}: {answer.status} {text!r}"
        cookie = answer.headers.get("Set-Cookie")
        found = json.loads(text) if text else None
        if cookie and found:
            session = found.get("session", found)
            self.headers.update({"Cookie": cookie.split(";")[0], "X-CSRF-Token": session["csrf"]})
        return found

    def sign_in(self, address, password):
        self.ask("POST", "/api/session", {"address": address, "password": password})
        return self


def invited(by, name, role):
    """A new account with a session."""
    address = f"{name}@{HOST}"
    link = by.ask("POST", "/api/admin/accounts", {"address": address, "name": "Essai", "role": role})["link"]
    who = Person()
    who.ask("POST", f"/api/invitations/{link.rsplit('/', 1)[1]}", {"password": OURS})
    return who, address


claire = Person().sign_in(ADMINISTRATOR, PASSWORD)
us, _ = invited(claire, "essai", "administrator")
# Whose sessions are ended, who is shut out, and who chooses passwords: nobody whom the others need.
_, leaving = invited(claire, "depart", "agent")
_, shut_out = invited(claire, "dehors", "agent")
_, resetting = invited(claire, "oubli", "agent")
# Who holds a second factor; who answers for labels.
holder, _ = invited(claire, "porteur", "agent")
officer, _ = invited(claire, "rssi", "security-officer")
operator, _ = invited(claire, "exploitant", "operator")
officer.ask("PUT", "/api/admin/lock", {"phone_minutes": 1440, "desk_minutes": 1440})
room = us.ask("POST", "/api/rooms", {"name": "Essais", "members": [BOB]})["id"]


def upload():
    return us.ask("POST", f"/api/rooms/{room}/uploads", {"name": "a.bin", "size": 3})["upload"]


def a_file():
    part = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    return us.ask("PATCH", f"/api/uploads/{upload()}", b"abc", **part)["id"]


def link():
    # The rules of guests go with the label, and labels are tried too.
    us.ask("PATCH", f"/api/rooms/{room}", {"label": "internal"})
    return us.ask("POST", f"/api/rooms/{room}/links", {})


def code(seed):
    """The six digits of an authenticator application (RFC 6238)."""
    letters = seed.replace(" ", "")
    key = base64.b32decode(letters + "=" * (-len(letters) % 8))
    digest = hmac.digest(key, int(time.time() // 30).to_bytes(8, "big"), "sha1")
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 1000000:06}"


def factor():
    begun = holder.ask("POST", "/api/factors/totp")
    first = {"token": begun["token"], "code": code(begun["seed"]), "name": "Essai"}
    return holder.ask("POST", "/api/factors/totp/confirm", first)["factor"]["id"]


def spare_factor():
    """One that may go: whoever has no other proves with a password only."""
    others = [held["id"] for held in holder.ask("GET", "/api/factors")["factors"] if held["id"] != kept]
    return others[0] if others else factor()


def application():
    """A password for an application. A person has at most 25."""
    for old in us.ask("GET", "/api/application-passwords")[15:]:
        us.ask("DELETE", f"/api/application-passwords/{old['id']}")
    return us.ask("POST", "/api/application-passwords", {"name": "Essai"})["id"]


def imported():
    """A file of people that waits to be applied."""
    text = f"adresse;nom\nessai{next(numbers)}@{HOST};Essai\n"
    made = us.ask("POST", "/api/admin/imports", text.encode(), **{"Content-Type": "text/csv"})
    waiting["digest"] = made["digest"]
    return made["id"]


def alert():
    """Of the officer who was invited above; told within a minute."""
    while not (told := us.ask("GET", "/api/admin/alerts")["alerts"]):
        time.sleep(0.1)
    return told[0]["id"]


def hosted():
    """Another body, into which nobody came yet."""
    if not bodies:
        first = {"address": "x@essai.localhost", "name": "Essai"}
        body = {"domain": "essai.localhost", "name": "Essai", "administrator": first}
        operator.ask("POST", "/api/admin/bodies", body)
        bodies.append(body["domain"])
    return bodies[0]


def leaver():
    return Person().sign_in(leaving, OURS)


def real(path, method):
    """The values of a path's holes that name something, and who asks."""
    if (path, method) in {("/api/session", "DELETE"), ("/api/session/prove", "POST"), ("/api/session/lock", "POST")}:
        # The first ends the session, the second changes its cookie, the third shuts it.
        return {}, leaver()
    if (path, method) == ("/api/admin/charter", "POST"):
        # Who may would shut everybody out until they accept it: asked by who may not.
        return {}, leaver()
    if path in {"/api/admin/lock", "/api/admin/alert-rules", "/api/admin/administration", "/api/admin/passkey-makers"}:
        return {}, officer
    if path == "/api/admin/alerts/{id}":
        return {"id": alert()}, us
    if path.startswith("/api/admin/bodies"):
        return {"body": hosted()}, operator
    if path == "/api/factors/recovery-codes":
        return {}, holder
    if path == "/api/factors/{id}":
        return {"id": spare_factor() if method == "DELETE" else kept}, holder
    if path.startswith("/api/application-passwords"):
        return {"id": application()}, us
    if path.startswith("/api/device-codes/"):
        return {"token": us.ask("POST", "/api/devices/code")["code"]}, us
    if path.startswith("/api/admin/labels/"):
        if path.endswith("/accreditation") and method == "DELETE":
            officer.ask("PUT", f"/api/admin/labels/{MARK}/accreditation", DECISION)
        return {"slug": MARK}, officer
    if path == "/api/admin/organisation":
        return {}, [us, officer][next(numbers) % 2]
    if path == "/api/sessions/{id}":
        who = leaver()
        mine = who.ask("GET", "/api/sessions")
        return {"id": next(session["id"] for session in mine if session["current"])}, who
    if path.startswith("/api/admin/imports/"):
        return {"id": imported()}, us
    if path.startswith("/api/uploads/"):
        return {"id": upload()}, us
    if path.startswith("/api/files/"):
        return {"id": file}, us
    if path.endswith("/links/{link}"):
        return {"id": room, "link": link()["id"]}, us
    if path.startswith("/api/admin/roles/"):
        spent = (path, method) == ("/api/admin/roles/{id}", "DELETE")
        return {"id": role(spent), "room": room, "address": resetting}, us
    if path.startswith("/api/admin/requests/{id}"):
        return {"id": request()}, officer
    if path.startswith("/api/guest/"):
        return {"token": link()["url"].rsplit("/", 1)[1]}, us
    if path.startswith("/api/invitations/"):
        made = us.ask("POST", f"/api/admin/accounts/{quote(resetting)}/reset")
        return {"token": made["link"].rsplit("/", 1)[1]}, us
    asker = officer if path.endswith("/clearance") else us
    return {"id": room, "address": shut_out if "/admin/" in path else BOB}, asker


def role(spent):
    """One that brings a room to somebody, so that both can be taken away; another one when it is deleted."""
    there = us.ask("GET", "/api/admin/roles")
    others = [one["id"] for one in there if one["id"] not in roles]
    if spent and len(there) > 100:
        return others[0]
    if spent or not roles:
        made = us.ask("POST", "/api/admin/roles", {"name": f"Essai {next(numbers)} {time.time_ns()}"})["id"]
        if spent:
            return made
        roles.append(made)
    us.ask("PUT", f"/api/admin/roles/{roles[0]}/rooms/{room}", {"rank": "member"})
    us.ask("PUT", f"/api/admin/roles/{roles[0]}/holders/{quote(resetting)}")
    return roles[0]


def request():
    """One that waits: those who ask have it decided at once."""
    waiting = [one for one in us.ask("GET", "/api/admin/requests")["requests"] if one["theirs"] or one["own"]]
    waiting = [one for one in waiting if one["state"] == "waiting" and one["own"]]
    return (waiting or [us.ask("POST", "/api/admin/requests", {"act": "export", "reason": "Essai"})])[0]["id"]


roles = []
bodies = []
waiting = {}
file = a_file()
kept = factor()


def better(body, of=None):
    """A body meant to be right, with names that are somebody's and something's."""
    if "label" in body:
        body["label"] = LABELS[next(numbers) % len(LABELS)]
    if "until" in body:
        body["until"] = DECISION["until"]
    if "pin" in body:
        body["pin"] = "418295"
    for words in {"title", "text", "title_en", "text_en"} & body.keys():
        body[words] = "Charte"
    for minutes in {"phone_minutes", "desk_minutes"} & body.keys():
        # Whoever asks seldom must not be locked out meanwhile.
        body[minutes] = 1440
    if "rules" in body:
        threshold = {"count": 5 + next(numbers) % 8, "minutes": 10, "accounts": 1}
        body["rules"] = [{"kind": "guessed-account", "on": True, "threshold": threshold}]
    if "add" in body or "remove" in body:
        # One maker, the first time and after it: anything more takes a second person.
        body.clear()
        body["add"] = MAKER
    if "networks" in body:
        # As today or stricter, and nobody here is shut out by it.
        body |= {"factor": "password", "networks": ["127.0.0.0/8"]}
    if "own_passwords" in body or body.get("passwords") == "own":
        # One goes with the other.
        body |= {"passwords": "own", "own_passwords": {"least_length": 12, "sign": True, "least_bits": 0}}
    if body.get("kind") == "password":
        body["password"] = OURS
    if "digest" in body:
        body |= {"digest": waiting.get("digest", "0" * 64), "mail": False}
    if "members" in body:
        body["members"] = [BOB][: len(body["members"])]
    if "administrator" in body:
        body["domain"] = f"essai{next(numbers)}.localhost"
        body["administrator"]["address"] = f"x@{body['domain']}"
    if of is not None:
        # Whose first administrator it is has an address there.
        body["address"] = f"x@{of}"
    elif "address" in body and "password" not in body:
        invites = "name" in body
        body["address"] = f"essai{next(numbers)}@{HOST}" if invites else BOB


@schemathesis.serializer("application/offset+octet-stream")
def raw(_context, _value):
    return b"abc"


@schemathesis.serializer("text/csv")
def people(_context, _value):
    return f"adresse;nom\nessai{next(numbers)}@{HOST};Essai\n".encode()


@schemathesis.hook
def before_call(_context, case, _kwargs):
    path, method = case.operation.path, case.method.upper()
    who, parts = us, case.meta.components if case.meta else {}
    wrong = {where.value: part.mode.is_negative for where, part in parts.items()}
    holes, sent = case.path_parameters or {}, case.headers or {}
    if not wrong.get("path") and method.lower() in PATHS[path] and (holes or path in CHOSEN):
        values, who = real(path, method)
        values = {"tile": "0/000.p/1", "domain": HOST} | values
        for name in holes:
            # Now and then one that nobody has: that answer is described too. What was made up may be borrowed from
            # an answer, and would be somebody whom the others need.
            holes[name] = values[name] if next(numbers) % 8 else NOBODY.get(name, holes[name])
    if not wrong.get("body") and isinstance(case.body, dict):
        better(case.body, holes.get("body"))
    if not wrong.get("header") and "Upload-Offset" in sent:
        sent["Upload-Offset"] = "0"
    for name, value in who.headers.items():
        sent[name] = value
    case.headers = sent
