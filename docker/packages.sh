#!/usr/bin/env bash
# Debian packages that a command needs: installed where that can be done, named where it cannot.
# What lacks them says so itself and goes on without.
set -euo pipefail

# Node.js from elsewhere does as well, and refuses Debian's npm.
is_there() {
    case "$1" in
        nodejs) command -v node >/dev/null && return ;;
        npm) command -v npm >/dev/null && return ;;
    esac
    dpkg-query --show --showformat='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

missing=()
for package in "$@"; do
    is_there "$package" || missing+=("$package")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "not installed, images and some tests need them: ${missing[*]} (on Debian: apt-get install ${missing[*]})" >&2
    exit 0
fi

install() {
    apt-get install --yes --quiet=2 --no-install-recommends "$@"
}

# One that cannot be had keeps no other away.
if ! { apt-get update --quiet=2 && install "${missing[@]}"; }; then
    refused=()
    for package in "${missing[@]}"; do
        install "$package" || refused+=("$package")
    done
    [ "${#refused[@]}" -eq 0 ] ||
        echo "could not be installed, images and some tests need them: ${refused[*]}" >&2
fi
