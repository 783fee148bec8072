#!/bin/sh
# Prints NOTICE: what others wrote that is in the binary, and under which licence.
set -eu
cat <<'TEXT'
Shop contains software of others under the licences named here. Their sources, with the texts of the
licences and the names of the authors, are at https://crates.io/crates/NAME/VERSION.

TEXT
cargo metadata --format-version 1 --locked |
    jq -r '.packages[] | select(.source) | "\(.name) \(.version): \(.license)"' | LC_ALL=C sort -u
