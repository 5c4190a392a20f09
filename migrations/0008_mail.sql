-- Mail on its way out. Written with what causes it, sent afterwards; once it is sent or given up, what it said
-- is gone and the row stays for an hour, so that nobody is flooded.
CREATE TABLE mail (
    id         BIGINT PRIMARY KEY,
    account    BIGINT NOT NULL REFERENCES account (id),
    letter     BYTES,           -- subject and text, sealed under the person's key; none: done with
    tries      BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    next_us    BIGINT NOT NULL, -- when it is tried next
    until_us   BIGINT NOT NULL  -- when it is of no use any more
);
CREATE INDEX mail_by_next ON mail (next_us);
CREATE INDEX mail_by_account ON mail (account, created_us);
