-- One row per event of the payment provider. The key makes a repeated delivery harmless.
CREATE TABLE payments (
    event_id     text        PRIMARY KEY CHECK (length(event_id) BETWEEN 1 AND 100),
    kind         text        NOT NULL,
    amount_cents bigint      NOT NULL CHECK (amount_cents >= 0),
    currency     text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    received_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payments_received_at ON payments (received_at);
