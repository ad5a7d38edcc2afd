#!/bin/sh
# Makes docker/.env and docker/keys/ for compose.yaml. What is there already is kept: running it again is harmless.
set -eu
cd "$(dirname "$0")"
if [ ! -e .env ]; then
  umask 077
  while IFS= read -r line; do
    case $line in
      '#'*) printf '%s\n' "$line" ;;
      *) printf '%s%s\n' "$line" "$(openssl rand -hex 24)" ;;
    esac
  done <.env.example >.env.draft
  mv .env.draft .env
fi
./make-keys.sh keys
printf 'docker/.env and docker/keys/ are ready.\n'
