#!/bin/bash
# What stands in front of the machine, with a clock that is FRONT_CLOCK ahead (`+10s`); with the machine's own where that is empty.
set -euo pipefail
mkdir -p front
server=(nginx -p "$WORK" -e stderr -c "$WORK/front.conf")
if [ -z "$FRONT_CLOCK" ]; then
    exec "${server[@]}"
fi
# The library alone: the program `faketime` leaves a semaphore behind when it is ended.
libraries=(/usr/lib/*/faketime/libfaketime.so.1)
exec env LD_PRELOAD="${libraries[0]}" FAKETIME="$FRONT_CLOCK" "${server[@]}"
