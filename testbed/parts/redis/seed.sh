#!/bin/bash
# Writes keys, as the application would: most to stay, some to end after an hour.
set -euo pipefail
export REDISCLI_AUTH=$SECRET_ADMIN
for number in {1..20}; do
    echo "SET app:link:$number https://example.com/$number"
    echo "SET app:session:$number someone EX 3600"
done | redis-cli -p "$PORT_REDIS" --user admin > answers
[ "$(grep -c OK answers)" = 40 ]
