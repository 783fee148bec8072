#!/bin/bash
# Signs the user and the administrator in, as a person would before a check, and keeps the tokens.
set -euo pipefail
umask 077
for role in user admin; do
    password=SECRET_${role^^}_PASSWORD
    printf '{"email":"%s@example.com","password":"%s"}' "$role" "${!password}" |
        curl --silent --fail --max-time 10 --cacert "$WORK/tls/root.pem" \
            --resolve "shop.example.com:$PORT_HTTPS:127.0.0.1" \
            --header 'Content-Type: application/json' --data @- \
            "https://shop.example.com:$PORT_HTTPS/api/tokens" |
        sed 's/.*"token":"\([0-9a-f]*\)".*/\1/' > "$WORK/$role.token"
done
