CREATE TABLE files (
    id           uuid        PRIMARY KEY,
    user_id      uuid        NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name         text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    content_type text        NOT NULL,
    size_bytes   bigint      NOT NULL DEFAULT 0 CHECK (size_bytes >= 0),
    is_public    boolean     NOT NULL DEFAULT false,
    status       text        NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'ready', 'failed')),
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX files_user_id ON files (user_id);
CREATE INDEX files_created_at ON files (created_at);
CREATE INDEX files_status ON files (status);
