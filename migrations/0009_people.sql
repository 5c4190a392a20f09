-- Finding people among many: the folded words of a name and an address, found by their beginnings. Bytes, because
-- every engine and every locale orders them alike.
ALTER TABLE account ADD COLUMN sorting BYTES; -- folded name and address: their place among others; none: not done yet
CREATE INDEX account_by_sorting ON account (sorting);
CREATE TABLE account_word (
    tenant  BIGINT NOT NULL,
    word    BYTES  NOT NULL, -- empty: the row by which everybody is found
    sorting BYTES  NOT NULL, -- of the account, like role and state below: a search reads this index and nothing else
    account BIGINT NOT NULL REFERENCES account (id),
    role    TEXT   NOT NULL,
    state   TEXT   NOT NULL  -- active, invited, disabled
);
CREATE INDEX account_word_by_word ON account_word (tenant, word, sorting, account, role, state);
CREATE INDEX account_word_by_account ON account_word (account, word);

-- A file of people, read and judged, that waits to be applied; gone after a day.
CREATE TABLE account_import (
    id         BIGINT  PRIMARY KEY,
    tenant     BIGINT  NOT NULL REFERENCES tenant (id),
    account    BIGINT  NOT NULL, -- whose import; 0: the operator's
    digest     BYTES,            -- SHA-256 of the file; none: it did not come in whole
    ignored    TEXT    NOT NULL, -- columns that mean nothing here, one a line
    roles      BOOLEAN NOT NULL, -- whether it gives roles, which takes a right of its own
    clearances BOOLEAN NOT NULL,
    begun      BOOLEAN NOT NULL,
    mail       BOOLEAN NOT NULL, -- whether who is added is written a letter
    created    BIGINT  NOT NULL, -- how many lines are to be added,
    renamed    BIGINT  NOT NULL, -- renamed,
    same       BIGINT  NOT NULL, -- left as they are,
    refused    BIGINT  NOT NULL, -- refused
    applied    BIGINT  NOT NULL, -- and how many were applied since
    skipped    BIGINT  NOT NULL, -- or were not what had been shown any more
    created_us BIGINT  NOT NULL
);
CREATE INDEX account_import_by_time ON account_import (created_us);
CREATE TABLE account_import_line (
    import    BIGINT NOT NULL REFERENCES account_import (id),
    line      BIGINT NOT NULL, -- as a spreadsheet numbers it: the names of the columns are line 1
    address   TEXT   NOT NULL,
    name      TEXT   NOT NULL,
    former    TEXT   NOT NULL, -- the name that is replaced
    role      TEXT   NOT NULL,
    clearance BIGINT NOT NULL,
    password  TEXT,            -- a hash that another program made
    fate      TEXT   NOT NULL CHECK (fate IN ('create', 'rename', 'same', 'refused')),
    rule      TEXT   NOT NULL, -- why it is refused
    done      BOOLEAN NOT NULL,
    PRIMARY KEY (import, line)
);
CREATE INDEX account_import_line_by_fate ON account_import_line (import, fate, line);
