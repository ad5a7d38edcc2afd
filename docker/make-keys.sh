#!/bin/sh
# Makes the keys of an installation: docker/make-keys.sh FOLDER
#   <service>.pem     Ed25519: authenticates one service and signs its messages
#   signing-key.pem   P-256: signs access tokens; the issuer's alone
#   workloads.json    the services' public keys, for the issuer
# Keys that are there already are kept.
set -eu
folder=${1:?usage: make-keys.sh FOLDER}
# The folder is closed to others; the files are readable for whoever they are mounted into.
mkdir -p "$folder"
chmod 700 "$folder"

make() { # file, openssl genpkey arguments…
  file=$folder/$1
  shift
  [ -e "$file" ] || openssl genpkey "$@" -out "$file" 2>/dev/null
  chmod 644 "$file"
}

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# Service and the beginning of the SHA-256 of its public key, as the service itself derives it.
key_id() { # service
  hash=$(openssl pkey -in "$folder/$1.pem" -pubout -outform DER | openssl dgst -sha256 -binary | base64url)
  printf '%s.%.16s' "$1" "$hash"
}

make signing-key.pem -algorithm EC -pkeyopt ec_paramgen_curve:P-256
list=
for service in gateway flow-registry scheduler executor analytics issuer; do
  make "$service.pem" -algorithm ed25519
  public=$(openssl pkey -in "$folder/$service.pem" -pubout | sed 's/$/\\n/' | tr -d '\n')
  list="$list${list:+,}
  {\"keyId\": \"$(key_id "$service")\", \"service\": \"$service\", \"publicKey\": \"$public\"}"
done
printf '[%s\n]\n' "$list" >"$folder/workloads.json"
