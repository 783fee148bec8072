CREATE TABLE links (
    path text PRIMARY KEY,
    target text NOT NULL,
    followed bigint NOT NULL DEFAULT 0,
    note text
);
