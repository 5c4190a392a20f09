#!/usr/bin/env python3
"""Verifies the audit logs of Beffroi without any code of Beffroi: Python's standard library only.

    verify.py beffroi.db                  the SQLite database (a copy is best)
    verify.py export.jsonl                an export, one JSON object per line (see README.md)
    verify.py beffroi.db --checkpoint F   and compare with a checkpoint that you noted earlier

Says which entry and which field was changed, or "whole". Ends with 1 when something is wrong.
"""
import base64
import hashlib
import json
import sqlite3
import sys

FIELDS = ("at_us", "act", "outcome", "actor_ref", "actor", "subject_ref", "subject", "room", "rule",
          "detail", "origin")

# Ed25519 verification, RFC 8032 section 5.1.7, in extended coordinates.
P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    if y >= P:
        return None
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * ROOT % P
    if (x * x - xx) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, p):
    q = (0, 1, 1, 0)
    while n:
        if n & 1:
            q = add(q, p)
        p, n = add(p, p), n >> 1
    return q


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


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


# The Merkle tree, RFC 6962 section 2.1, kept as the roots of its perfect subtrees.
def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    def __init__(self):
        self.size, self.roots = 0, []

    def push(self, leaf):
        size = self.size
        while size & 1:
            leaf, size = node(self.roots.pop(), leaf), size >> 1
        self.roots.append(leaf)
        self.size += 1

    def root(self):
        if not self.roots:
            return hashlib.sha256(b"").digest()
        root = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            root = node(left, root)
        return root


def head_text(name, size, root):
    return f"{name}\n{size}\n{base64.b64encode(root).decode()}\n"


def read_checkpoint(note, public, name):
    """Size and root of a C2SP checkpoint signed by this key for this log, or None."""
    try:
        text, line = note.replace("\r", "").strip().split("\n\n")
        text += "\n"
        dash, signer, encoded = line.rstrip("\n").split(" ")
        blob = base64.b64decode(encoded, validate=True)
        origin, size, root = text.splitlines()
        key_id = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
        if dash != "\u2014" or signer != name or origin != name or blob[:4] != key_id:
            return None
        if not ed25519_verify(public, text.encode(), blob[4:]):
            return None
        return int(size), base64.b64decode(root, validate=True)
    except (ValueError, AttributeError):
        return None


def commitment(field, value):
    data = str(value).encode() if isinstance(value, (int, str)) else bytes(value)
    return hashlib.sha256(field.encode() + b"\0" + data).digest()


def leaf(seq, commitments):
    return hashlib.sha256(b"\x00beffroi audit entry\n" + str(seq).encode() + b"\n" + commitments).digest()


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
        if seq == expected + 1:
            found.append(f"entry {expected} was removed")
        elif seq > expected:
            found.append(f"entries {expected} to {seq - 1} were removed")
        elif seq < expected:
            found.append(f"entry {seq} was added before the first")
        expected = seq + 1
        kept = bytes(entry["commitments"])
        if len(kept) != 32 * len(FIELDS):
            found.append(f"entry {seq}, field `commitments` was changed")
        else:
            for place, field in enumerate(FIELDS):
                if commitment(field, entry[field]) != kept[32 * place:32 * place + 32]:
                    found.append(f"entry {seq}, field `{field}` was changed")
        tree.push(leaf(seq, kept))
        roots[tree.size] = tree.root()
        heads.append((seq, head_text(name, tree.size, tree.root()), bytes(entry["signature"])))
    size = signed[0] if signed else head["size"]
    last = expected - 1
    if signed is None or roots.get(size) != signed[1]:
        # Every entry carries a signature of the log that ends with it. From the first entry that was
        # rewritten, moved, put in or follows a removed one, none fits: halving finds it.
        low, high = 0, len(heads)
        while low < high:
            middle = (low + high) // 2
            _, text, signature = heads[middle]
            if ed25519_verify(public, text.encode(), signature):
                low = middle + 1
            else:
                high = middle
        if low < len(heads):
            found.append(f"entry {heads[low][0]} is not the one that was signed: it was rewritten, moved or "
                         "put in, or one before it was removed")
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
    return found, last


def from_sqlite(path):
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    database.execute("BEGIN")  # everything as it is now, whatever a running server writes meanwhile
    for tenant in database.execute("SELECT id, domain FROM tenant ORDER BY domain").fetchall():
        head = database.execute("SELECT * FROM audit_log WHERE tenant = ?", (tenant["id"],)).fetchone()
        entries = database.execute("SELECT * FROM audit_entry WHERE tenant = ? ORDER BY seq", (tenant["id"],))
        yield tenant["domain"], head, entries


def from_export(path):
    """Lines {"log": DOMAIN, "size", "checkpoint", "public_key"} each followed by its entries; bytes in hex."""
    logs = []
    for line in open(path, encoding="utf-8"):
        row = json.loads(line)
        for field in ("public_key", "actor", "subject", "detail", "origin", "commitments", "signature"):
            if field in row:
                row[field] = bytes.fromhex(row[field])
        if "log" in row:
            logs.append((row["log"], row, []))
        else:
            logs[-1][2].append(row)
    return logs


def main(arguments):
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 2
    noted = None
    if "--checkpoint" in arguments:
        with open(arguments[arguments.index("--checkpoint") + 1], encoding="utf-8") as file:
            noted = file.read()
    path, wrong, compared = arguments[0], False, noted is None
    with open(path, "rb") as file:
        logs = from_sqlite(path) if file.read(15) == b"SQLite format 3" else from_export(path)
    for domain, head, entries in logs:
        found, count = verify_log(domain, head, entries, noted)
        wrong = wrong or bool(found)
        compared = compared or noted.startswith(domain + "/beffroi-audit\n")
        for sentence in found:
            print(f"{domain}: {sentence}")
        if not found:
            print(f"{domain}: {count} entries, whole")
    if not compared:
        print("the checkpoint that you noted is of none of these logs")
    return 1 if wrong or not compared else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
