-- Passwords for applications of one person: what is kept of each opens nothing by itself (RFC 5802 §3).
CREATE TABLE application_password (
    id           BIGINT PRIMARY KEY,
    tenant       BIGINT NOT NULL REFERENCES tenant (id),
    account      BIGINT NOT NULL REFERENCES account (id),
    name         TEXT   NOT NULL,
    protocol     TEXT   NOT NULL CHECK (protocol IN ('xmpp', 'files')),
    salt         BYTES  NOT NULL,
    iterations   BIGINT NOT NULL,
    keys         BYTES  NOT NULL, -- StoredKey and ServerKey of each way of typing it
    created_us   BIGINT NOT NULL,
    last_used_us BIGINT,
    last_place   TEXT -- the address block of that use
);
CREATE INDEX application_password_by_account ON application_password (account, protocol);

-- A session that an application password opened, for the length of one stream; nobody holds its token.
ALTER TABLE session ADD COLUMN application BIGINT REFERENCES application_password (id);
CREATE INDEX session_by_application ON session (application);
