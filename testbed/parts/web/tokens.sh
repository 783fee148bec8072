#!/bin/bash
# Signs the user and the administrator in, as a person would before a check, and makes a token for an operator; keeps the tokens.
# Behind nginx, so that it works where a sabotage breaks TLS.
set -euo pipefail
umask 077
"$WORK/bin/shop" operator-token operator > "$WORK/operator.token"
echo "shop.example.com:$PORT_HTTPS@127.0.0.1" > "$WORK/operator.token.hosts"
for role in user admin; do
    password=SECRET_${role^^}_PASSWORD
    printf '{"email":"%s@example.com","password":"%s"}' "$role" "${!password}" |
        curl --silent --fail --max-time 10 --header 'Content-Type: application/json' --data @- \
            "http://127.0.0.1:$PORT_SHOP/api/tokens" |
        sed 's/.*"token":"\([0-9a-f]*\)".*/\1/' > "$WORK/$role.token"
    echo "shop.example.com:$PORT_HTTPS@127.0.0.1" > "$WORK/$role.token.hosts"
done
