#!/bin/sh
# Settles yesterday's delivery, or that of the day given as yyyy-MM-dd.
set -eu
day=${1:-$(date -d yesterday +%F)}
exec .venv/bin/jiesuan night --date "$day" --json \
  --input "${DELIVERIES:?folder that holds a folder of deliveries for each day}/$day" \
  --reference "${REFERENCE:?folder of reference data}"
