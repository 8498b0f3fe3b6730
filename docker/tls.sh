#!/bin/sh
# Starts Caddy with the arguments, unless other machines would reach the service without a token.
#
# TLS_ADDRESS is where its port is published, POSEWIRE_INSECURE what the service behind it is told.
set -eu

case "$TLS_ADDRESS" in
    127.* | ::1 | '[::1]' | localhost) exec "$@" ;;
esac
# As the service reads it; what it would refuse is not taken for a no.
case "$(printf %s "$POSEWIRE_INSECURE" | tr '[:upper:]' '[:lower:]')" in
    false | f | no | n | off | 0) exec "$@" ;;
esac
echo "tls: TLS_ADDRESS=$TLS_ADDRESS lets other machines in: set POSEWIRE_TOKENS and POSEWIRE_INSECURE=false, or TLS_ADDRESS=127.0.0.1" >&2
exit 2
