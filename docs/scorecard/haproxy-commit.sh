#!/bin/sh
# Hands HAProxy a pair through its admin socket, as one transaction, without a reload.
# haproxy-commit.sh SOCKET CERTIFICATE KEY (needs socat)
set -e
ask() { socat -t2 - "unix-connect:$1"; }
{ printf 'set ssl cert %s <<\n' "$2"; cat "$2" "$3"; printf '\n'; } | ask "$1"
echo "commit ssl cert $2" | ask "$1" | tee /dev/stderr | grep -q Success
