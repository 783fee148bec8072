CREATE TABLE links (
    code       text        PRIMARY KEY CHECK (code ~ '^[a-z2-7]{8}$'),
    user_id    uuid        NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    target     text        NOT NULL CHECK (length(target) <= 2000),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX links_user_id ON links (user_id);
