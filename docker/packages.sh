#!/usr/bin/env bash
# Debian packages that a command needs: installed where that can be done, named where it cannot.
# What lacks them says so itself and goes on without.
set -euo pipefail

missing=()
for package in "$@"; do
    dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "not installed, images and some tests need them: ${missing[*]} (on Debian: apt-get install ${missing[*]})" >&2
    exit 0
fi
apt-get update --quiet=2 && apt-get install --yes --quiet=2 --no-install-recommends "${missing[@]}" ||
    echo "could not be installed, images and some tests need them: ${missing[*]}" >&2
