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

# The key's RFC 7638 thumbprint: whoever has the key knows its id.
key_id() {
  x=$(openssl pkey -in "$1" -pubout -outform DER | tail -c 32 | base64url)
  printf '{"crv":"Ed25519","kty":"OKP","x":"%s"}' "$x" | openssl dgst -sha256 -binary | base64url
}

make signing-key.pem -algorithm EC -pkeyopt ec_paramgen_curve:P-256
list=
for service in gateway flow-registry scheduler executor analytics issuer; do
  make "$service.pem" -algorithm ed25519
  public=$(openssl pkey -in "$folder/$service.pem" -pubout | sed 's/$/\\n/' | tr -d '\n')
  list="$list${list:+,}
  {\"keyId\": \"$(key_id "$folder/$service.pem")\", \"service\": \"$service\", \"publicKey\": \"$public\"}"
done
printf '[%s\n]\n' "$list" >"$folder/workloads.json"
