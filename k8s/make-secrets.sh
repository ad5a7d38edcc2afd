#!/bin/sh
# Prints the Secrets that charts/easyflow reads, with passwords and keys made for one installation:
#   k8s/make-secrets.sh postgres://admin:password@host:5432/easyflow [redis://host:6379] >secrets.yaml
#   kubectl apply --namespace easyflow --filename secrets.yaml
# Each run makes new ones: keep its output as you keep secrets. KUBECTL names the kubectl to use.
set -eu
umask 077
database_url=${1:?usage: make-secrets.sh POSTGRES_ADMIN_URL [REDIS_URL]}
redis_url=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

secret() { # name, further arguments of kubectl create secret generic
  printf -- '---\n'
  "${KUBECTL:-kubectl}" create secret generic "$@" --dry-run=client --output yaml
}

# Values go by files: arguments of a command can be read by every user of the machine.
put() { printf %s "$2" >"$work/$1"; }

"$here/../docker/make-keys.sh" "$work/keys"
mkdir "$work/roles"
for role in ef_api ef_registry ef_worker ef_writer ef_claim ef_scheduler ef_analytics ef_issuer; do
  put "roles/$role" "$(openssl rand -hex 24)"
done
put admin-key "$(openssl rand -hex 24)"
put database-url "$database_url"

secret easyflow-database --from-file="$work/roles"
secret easyflow-identity \
  --from-file="$work/keys/gateway.pem" --from-file="$work/keys/flow-registry.pem" \
  --from-file="$work/keys/scheduler.pem" --from-file="$work/keys/executor.pem" \
  --from-file="$work/keys/analytics.pem" --from-file="$work/keys/issuer.pem"
secret easyflow-issuer \
  --from-file="$work/keys/signing-key.pem" --from-file="$work/keys/workloads.json" \
  --from-file="$work/admin-key"
secret easyflow-migrations --from-file=url="$work/database-url"
if [ -n "$redis_url" ]; then
  put redis-url "$redis_url"
  secret easyflow-redis --from-file=url="$work/redis-url"
fi
