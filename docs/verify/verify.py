#!/usr/bin/env python3
"""Verifies the audit logs of Beffroi without any code of Beffroi: Python's standard library only.

    verify.py beffroi.db                  the SQLite database (a copy is best)
    verify.py DIR                         what `beffroi audit export DIR` wrote
    verify.py export.jsonl                an export, one JSON object per line (see README.md)
    verify.py beffroi.db --checkpoint F   any of them, compared with a checkpoint that you noted earlier

Says which entry and which field was changed, or "whole". Ends with 1 when something is wrong.
"""
import base64
import hashlib
import json
import pathlib
import sqlite3
import sys

FIELDS = ("at_us", "act", "outcome", "actor_ref", "actor", "subject_ref", "subject", "room", "rule",
          "detail", "origin")

# Ed25519 verification, RFC 8032 section 5.1.7, in extended coordinates.
P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * ROOT % P
    if y >= P or (x * x - xx) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, p):
    q = (0, 1, 1, 0)
    while n:
        q, p, n = add(p, q) if n & 1 else q, add(p, p), n >> 1
    return q


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_verify(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = point(public), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= Q:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % Q
    left, right = times(s, BASE), add(r, times(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


class Tree:
    """The Merkle tree of RFC 6962, section 2.1, kept as the roots of its perfect subtrees."""

    def __init__(self, leaves=()):
        self.size, self.roots = 0, []
        for leaf in leaves:
            self.push(leaf)

    def push(self, leaf):
        size = self.size
        while size & 1:
            leaf, size = hashlib.sha256(b"\1" + self.roots.pop() + leaf).digest(), size >> 1
        self.roots.append(leaf)
        self.size += 1

    def root(self):
        root = self.roots[-1] if self.roots else hashlib.sha256(b"").digest()
        for left in reversed(self.roots[:-1]):
            root = hashlib.sha256(b"\1" + left + root).digest()
        return root


def read_checkpoint(note, public, name):
    """Size and root of a C2SP checkpoint signed by this key for this log, or None."""
    try:
        text, line = note.replace("\r", "").strip().split("\n\n")
        (dash, signer, encoded), text = line.split(" "), text + "\n"
        blob = base64.b64decode(encoded, validate=True)
        origin, size, root = text.splitlines()
        key_id = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
        named = dash == "\u2014" and signer == origin == name and blob[:4] == key_id
        if not named or not ed25519_verify(public, text.encode(), blob[4:]):
            return None
        return int(size), base64.b64decode(root, validate=True)
    except (ValueError, AttributeError):
        return None


def commitment(field, value):
    data = str(value).encode() if isinstance(value, (int, str)) else bytes(value)
    return hashlib.sha256(field.encode() + b"\0" + data).digest()


def verify_log(domain, head, entries, noted):
    """Everything that is wrong with one log, as sentences; and its length."""
    name, found = domain + "/beffroi-audit", []
    if head is None:
        return ["the head of the log was removed"], 0
    public = bytes(head["public_key"])
    signed = read_checkpoint(head["checkpoint"], public, name)
    if signed is None:
        found.append("the checkpoint is not signed by the key of this log: it was forged")
    tree, expected, heads, roots = Tree(), 1, [], {0: Tree().root()}
    for entry in entries:
        seq = entry["seq"]
        if seq > expected:
            found.append(f"entry {expected} was removed" if seq == expected + 1 else
                         f"entries {expected} to {seq - 1} were removed")
        elif seq < expected:
            found.append(f"entry {seq} was added before the first")
        expected, kept = seq + 1, bytes(entry["commitments"])
        changed = ["commitments"] if len(kept) != 32 * len(FIELDS) else [
            field for n, field in enumerate(FIELDS) if commitment(field, entry[field]) != kept[32 * n:32 * n + 32]]
        found += [f"entry {seq}, field `{field}` was changed" for field in changed]
        tree.push(hashlib.sha256(f"\0beffroi audit entry\n{seq}\n".encode() + kept).digest())
        roots[tree.size] = root = tree.root()
        text = f"{name}\n{tree.size}\n{base64.b64encode(root).decode()}\n"
        heads.append((seq, text.encode(), bytes(entry["signature"])))
    size, last = signed[0] if signed else head["size"], expected - 1
    if signed is None or roots.get(size) != signed[1]:
        # Every entry carries a signature of the log that ends with it. From the first entry that was
        # rewritten, moved, put in or follows a removed one, none fits: halving finds it.
        low, high = 0, len(heads)
        while low < high:
            middle = (low + high) // 2
            fits = ed25519_verify(public, heads[middle][1], heads[middle][2])
            low, high = (middle + 1, high) if fits else (low, middle)
        if low < len(heads):
            found.append(f"entry {heads[low][0]} is not the one that was signed: it was rewritten, moved or put in, "
                         "or one before it was removed")
        elif signed and last == size:
            found.append("the entries do not give the root that was signed")
    if last < size:
        found.append(f"the end was cut off: entries {last + 1} to {size} are missing")
    elif last > size:
        found.append(f"entries {size + 1} to {last} were added after the signed end")
    if head["size"] != size:
        found.append(f"the head says {head['size']} entries and its checkpoint {size}: field `size` was changed")
    if noted is not None and noted.startswith(name + "\n"):
        then = read_checkpoint(noted, public, name)
        if then is None:
            found.append("the checkpoint that you noted is not signed by the key of this log")
        elif roots.get(then[0]) != then[1]:
            found.append(f"the log is not the one that you noted at {then[0]} entries: it was rewritten or put back")
    return found + list(head["wrong"] if "wrong" in head.keys() else []), last


def from_sqlite(path):
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    database.execute("BEGIN")  # everything as it is now, whatever a running server writes meanwhile
    for tenant in database.execute("SELECT id, domain FROM tenant ORDER BY domain").fetchall():
        head = database.execute("SELECT * FROM audit_log WHERE tenant = ?", (tenant["id"],)).fetchone()
        entries = database.execute("SELECT * FROM audit_entry WHERE tenant = ? ORDER BY seq", (tenant["id"],))
        yield tenant["domain"], head, entries


def from_line(line):
    hexadecimal = ("public_key", "actor", "subject", "detail", "origin", "commitments", "signature")
    return {name: bytes.fromhex(value) if name in hexadecimal else value for name, value in json.loads(line).items()}


def from_export(path):
    """Lines {"log": DOMAIN, "size", "checkpoint", "public_key"} each followed by its entries; bytes in hex."""
    logs = []
    for row in map(from_line, path.open(encoding="utf-8")):
        if "log" in row:
            logs.append((row["log"], row, []))
        else:
            logs[-1][2].append(row)
    return logs


def from_folder(path):
    """Folders of C2SP tlog-tiles, with the key beside the checkpoint and what the entries say in `fields`."""
    for folder in sorted(file.parent for place in ("checkpoint", "*/checkpoint") for file in path.glob(place)):
        (origin, _, key), note = read(folder / "key").decode().split("+", 2), read(folder / "checkpoint").decode()
        head = {"checkpoint": note, "public_key": base64.b64decode(key)[1:], "size": int(note.split("\n")[1]), "wrong": []}
        yield origin.rsplit("/", 1)[0], head, entries_of(folder, head["size"], head["wrong"])


def read(path):
    return path.read_bytes() if path.exists() else b""


def digits(number, x=""):
    return (digits(number // 1000, "x") + "/" if number > 999 else "") + f"{x}{number % 1000:03}"


def entries_of(folder, size, wrong):
    """Entries in order; `wrong` is told of the tiles that do not hold the hashes of these entries."""
    def tile(kind, number, width):
        return f"tile/{kind}/{digits(number)}" + (f".p/{width}" if width < 256 else "")
    hashes, level = [], 0
    for number in range(0, size, 256):
        bundle = read(folder / tile("entries", number // 256, min(256, size - number)))
        lines = read(folder / f"fields/{digits(number // 256)}.jsonl").splitlines()
        for seq, line in enumerate(lines[:size - number], number + 1):
            end = 2 + int.from_bytes(bundle[:2], "big")
            data, bundle, start = bundle[2:end], bundle[end:], f"beffroi audit entry\n{seq}\n".encode()
            hashes.append(hashlib.sha256(b"\0" + data).digest())
            yield {**from_line(line), "commitments": data[len(start):] if data.startswith(start) else b""}
    while hashes:
        parts = [hashes[start:start + 256] for start in range(0, len(hashes), 256)]
        names = [tile(level, number, len(part)) for number, part in enumerate(parts)]
        wrong += [f"{name} was changed" for name, part in zip(names, parts) if read(folder / name) != b"".join(part)]
        hashes, level = [Tree(part).root() for part in parts if len(part) == 256], level + 1


def main(arguments):
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 2
    path, noted, wrong = pathlib.Path(arguments[0]), None, False
    if "--checkpoint" in arguments:
        noted = read(pathlib.Path(arguments[arguments.index("--checkpoint") + 1])).decode()
    sqlite = path.is_file() and path.open("rb").read(15) == b"SQLite format 3"
    logs, compared = (from_sqlite if sqlite else from_folder if path.is_dir() else from_export)(path), noted is None
    for domain, head, entries in logs:
        found, count = verify_log(domain, head, entries, noted)
        wrong, compared = wrong or bool(found), compared or noted.startswith(domain + "/beffroi-audit\n")
        for sentence in found or [f"{count} entries, whole"]:
            print(f"{domain}: {sentence}")
    if not compared:
        print("the checkpoint that you noted is of none of these logs")
    return 1 if wrong or not compared else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
