-- One text for SQLite and PostgreSQL. BYTES becomes BLOB or BYTEA. Times are microseconds since the Unix
-- epoch (_us). Ids are made by the program. What is sealed is AES-256-GCM: nonce, ciphertext, tag.

-- What the database says of itself: which master key opens it.
CREATE TABLE meta (
    name  TEXT  PRIMARY KEY,
    value BYTES NOT NULL
);

CREATE TABLE tenant (
    id          BIGINT PRIMARY KEY,
    domain      TEXT   NOT NULL UNIQUE,
    name        TEXT   NOT NULL,
    accent      TEXT   NOT NULL,
    created_us  BIGINT NOT NULL,
    key_version BIGINT NOT NULL,
    key_master  BYTES  NOT NULL, -- which master key wraps it
    key_wrapped BYTES  NOT NULL
);

CREATE TABLE label (
    tenant          BIGINT  NOT NULL REFERENCES tenant (id),
    slug            TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    rank            BIGINT  NOT NULL,
    reserved_by     TEXT,
    accredited      BOOLEAN NOT NULL,
    guests          TEXT    NOT NULL CHECK (guests IN ('no', 'meeting', 'room')),
    federation      BOOLEAN NOT NULL,
    recording       BOOLEAN NOT NULL,
    download        BOOLEAN NOT NULL,
    second_factor   BOOLEAN NOT NULL,
    managed_device  BOOLEAN NOT NULL,
    end_to_end      BOOLEAN NOT NULL,
    retention_days  BIGINT,
    meeting_minutes BIGINT,
    PRIMARY KEY (tenant, slug)
);

CREATE TABLE account (
    id           BIGINT  PRIMARY KEY,
    tenant       BIGINT  NOT NULL REFERENCES tenant (id),
    address      TEXT    NOT NULL UNIQUE,
    name         TEXT    NOT NULL,
    role         TEXT    NOT NULL,
    clearance    BIGINT  NOT NULL,
    enabled      BOOLEAN NOT NULL,
    password     TEXT, -- Argon2id, PHC form
    created_us   BIGINT  NOT NULL,
    last_used_us BIGINT
);
CREATE INDEX account_by_tenant ON account (tenant, address);

CREATE TABLE invitation (
    id         BIGINT PRIMARY KEY,
    token      BYTES  NOT NULL UNIQUE, -- SHA-256
    account    BIGINT NOT NULL REFERENCES account (id),
    kind       TEXT   NOT NULL CHECK (kind IN ('invitation', 'reset')),
    created_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    spent_us   BIGINT
);
CREATE INDEX invitation_by_account ON invitation (account);

CREATE TABLE wait_counter (
    place    TEXT   PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_us  BIGINT NOT NULL
);

CREATE TABLE known_place (
    account BIGINT NOT NULL REFERENCES account (id),
    place   TEXT   NOT NULL,
    last_us BIGINT NOT NULL,
    PRIMARY KEY (account, place)
);

CREATE TABLE room (
    id          BIGINT PRIMARY KEY,
    tenant      BIGINT NOT NULL REFERENCES tenant (id),
    slug        TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    topic       TEXT   NOT NULL,
    kind        TEXT   NOT NULL CHECK (kind IN ('group', 'direct')),
    label       TEXT   NOT NULL,
    pair        TEXT   UNIQUE, -- the two accounts of a direct room, lower id first
    created_us  BIGINT NOT NULL,
    key_wrapped BYTES  NOT NULL, -- under the tenant's key
    UNIQUE (tenant, slug),
    FOREIGN KEY (tenant, label) REFERENCES label (tenant, slug)
);

-- Where each timeline stands. Apart from `room`, because every append changes it: small rows, few pages.
CREATE TABLE room_tail (
    room     BIGINT PRIMARY KEY REFERENCES room (id),
    last_seq BIGINT NOT NULL,
    last_us  BIGINT NOT NULL
);

CREATE TABLE member (
    room     BIGINT NOT NULL REFERENCES room (id),
    account  BIGINT NOT NULL REFERENCES account (id),
    rank     TEXT   NOT NULL CHECK (rank IN ('member', 'moderator', 'owner')),
    since_us BIGINT NOT NULL,
    PRIMARY KEY (room, account)
);
CREATE INDEX member_by_account ON member (account, room);

-- The timelines, in the order of arrival: no primary key, so that every append goes to the end, and one
-- small index. `origin` is a keyed hash of author and origin id (0: none), to know a repetition.
CREATE TABLE event (
    room        BIGINT NOT NULL,
    seq         BIGINT NOT NULL,
    at_us       BIGINT NOT NULL,
    author_kind BIGINT NOT NULL, -- 0 server, 1 account, 2 guest
    author      BIGINT NOT NULL,
    kind        BIGINT NOT NULL,
    meeting     BIGINT,
    origin      BIGINT NOT NULL,
    body        BYTES  NOT NULL -- sealed under the room's key
);
CREATE UNIQUE INDEX event_by_room ON event (room, seq);
CREATE INDEX event_by_meeting ON event (meeting, seq) WHERE meeting IS NOT NULL;

CREATE TABLE read_mark (
    room    BIGINT NOT NULL,
    account BIGINT NOT NULL,
    seq     BIGINT NOT NULL,
    at_us   BIGINT NOT NULL,
    PRIMARY KEY (room, account)
);

-- Meetings whose bell rang and that did not end.
CREATE TABLE open_meeting (
    meeting    BIGINT PRIMARY KEY,
    room       BIGINT NOT NULL REFERENCES room (id),
    started_us BIGINT NOT NULL
);

CREATE TABLE upload (
    id          BIGINT PRIMARY KEY,
    file        BIGINT NOT NULL,
    room        BIGINT NOT NULL REFERENCES room (id),
    account     BIGINT NOT NULL REFERENCES account (id),
    facts       BYTES  NOT NULL, -- name and media type, sealed under the room's key
    size        BIGINT NOT NULL CHECK (size >= 0),
    held        BIGINT NOT NULL, -- bytes on disk, `tail` included
    tail        BYTES  NOT NULL, -- what does not fill a segment yet, sealed under the file's key
    key_wrapped BYTES  NOT NULL, -- under the room's key
    changed_us  BIGINT NOT NULL
);
CREATE INDEX upload_by_change ON upload (changed_us);

CREATE TABLE file (
    id          BIGINT PRIMARY KEY,
    room        BIGINT NOT NULL REFERENCES room (id),
    seq         BIGINT NOT NULL, -- its event
    at_us       BIGINT NOT NULL,
    size        BIGINT NOT NULL CHECK (size >= 0),
    key_wrapped BYTES  NOT NULL, -- under the room's key
    upload      BIGINT NOT NULL UNIQUE
);
CREATE INDEX file_by_room ON file (room, seq);

CREATE TABLE guest_link (
    id         BIGINT PRIMARY KEY,
    token      BYTES  NOT NULL UNIQUE, -- SHA-256
    room       BIGINT NOT NULL REFERENCES room (id),
    account    BIGINT NOT NULL REFERENCES account (id),
    created_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    closed_us  BIGINT
);
CREATE INDEX guest_link_by_room ON guest_link (room, created_us);

CREATE TABLE guest (
    id         BIGINT PRIMARY KEY,
    tenant     BIGINT NOT NULL REFERENCES tenant (id),
    room       BIGINT NOT NULL REFERENCES room (id),
    link       BIGINT NOT NULL REFERENCES guest_link (id),
    name       TEXT   NOT NULL,
    created_us BIGINT NOT NULL
);
CREATE INDEX guest_by_link ON guest (link);

CREATE TABLE session (
    id           BIGINT PRIMARY KEY,
    token        BYTES  NOT NULL UNIQUE, -- SHA-256
    tenant       BIGINT NOT NULL REFERENCES tenant (id),
    account      BIGINT REFERENCES account (id),
    guest        BIGINT REFERENCES guest (id),
    factor       TEXT   NOT NULL CHECK (factor IN ('password', 'second')),
    agent        TEXT   NOT NULL,
    created_us   BIGINT NOT NULL,
    last_used_us BIGINT NOT NULL,
    CHECK ((account IS NULL) <> (guest IS NULL))
);
CREATE INDEX session_by_account ON session (account);
CREATE INDEX session_by_guest ON session (guest);
CREATE INDEX session_by_use ON session (last_used_us);

-- Keys of the personal fields of the audit log: destroying one erases a person from the log while every
-- proof stays valid. Person 0 is nobody in particular.
CREATE TABLE person_key (
    tenant      BIGINT NOT NULL REFERENCES tenant (id),
    person      BIGINT NOT NULL,
    key_wrapped BYTES  NOT NULL, -- under the tenant's key
    PRIMARY KEY (tenant, person)
);

-- The head of each tenant's log; whoever appends holds this row.
CREATE TABLE audit_log (
    tenant      BIGINT PRIMARY KEY REFERENCES tenant (id),
    size        BIGINT NOT NULL,
    frontier    BYTES  NOT NULL, -- roots of the perfect subtrees, largest first
    checkpoint  TEXT   NOT NULL, -- C2SP signed note
    public_key  BYTES  NOT NULL, -- Ed25519
    signing_key BYTES  NOT NULL  -- its seed, under the tenant's key
);

CREATE TABLE audit_entry (
    tenant      BIGINT NOT NULL,
    seq         BIGINT NOT NULL, -- from 1
    at_us       BIGINT NOT NULL,
    act         TEXT   NOT NULL,
    outcome     TEXT   NOT NULL,
    actor_ref   BIGINT NOT NULL, -- account or guest, 0 for neither
    actor       BYTES  NOT NULL, -- sealed, like subject, detail and origin
    subject_ref BIGINT NOT NULL,
    subject     BYTES  NOT NULL,
    room        BIGINT NOT NULL, -- 0 for none
    rule        TEXT   NOT NULL,
    detail      BYTES  NOT NULL,
    origin      BYTES  NOT NULL,
    commitments BYTES  NOT NULL, -- SHA-256 of each field, in the order above from at_us
    signature   BYTES  NOT NULL, -- Ed25519 over the checkpoint of the log that ends with this entry
    PRIMARY KEY (tenant, seq)
);
