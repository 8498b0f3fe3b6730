#!/usr/bin/env bash
# Builds the image, brings docker-compose.yml up beside whatever else runs, and holds the service
# to what docker/README.md says of it. Leaves nothing but the engine's build cache.
#
#   docker/check.sh        the profile cpu
#   docker/check.sh gpu    the profile gpu, on a host with a GPU; docs/edge.md has what it prints
#
# ENGINE and COMPOSE name other commands than those that are found, PYTHON another environment
# that has posewire-client. Exit status: 0 it holds, 1 it does not, 2 it could not be tried.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PYTHON=${PYTHON:-.venv/bin/python}
PROFILE=${1:-cpu}
CPU_LARGEST_MB=900
BUILD_S=1200 # on a slow line most of it is pip's
STEP_S=60
FIRST_START_S=60
FRAMES=90

say() { echo "check-container: $*"; }
fail() { say "$*" >&2; exit 1; }
unusable() { say "$*" >&2; exit 2; }
seconds_since() { awk -v from="$1" -v to="$(now)" 'BEGIN { printf "%.1f", to - from }'; }
now() { date +%s.%N; }

choose_engine() {
    if [ -n "${ENGINE:-}" ] && [ -n "${COMPOSE:-}" ]; then
        return
    elif docker info >/dev/null 2>&1 && docker compose version >/dev/null 2>&1; then
        ENGINE=docker COMPOSE="docker compose"
    elif podman info >/dev/null 2>&1 && podman-compose version >/dev/null 2>&1; then
        ENGINE=podman COMPOSE=podman-compose
    else
        unusable "needs a running docker with its compose plugin, or podman with podman-compose"
    fi
}

choose_profile() {
    case "$PROFILE" in
        cpu) ;;
        gpu) BUILD_S=3600 FIRST_START_S=600 ;; # gigabytes of CUDA; TensorRT builds its engine
        *) unusable "the profile is cpu or gpu, got '$PROFILE'" ;;
    esac
}

# A project, an image and a port of its own, so that a posewire that runs here goes on.
compose() {
    # COMPOSE may be two words.
    # shellcheck disable=SC2086
    timeout "${limit_s:-$STEP_S}" $COMPOSE -p posewire-check "$@" >>"$log" 2>&1 ||
        { tail -n 20 "$log" >&2; fail "'$COMPOSE $*' failed or took too long"; }
}

clean_up() {
    # shellcheck disable=SC2086
    timeout "$STEP_S" $COMPOSE -p posewire-check down --volumes --timeout 5 >/dev/null 2>&1 || true
    "$ENGINE" image rm "$POSEWIRE_IMAGE" >/dev/null 2>&1 || true
    rm -rf "$scratch"
}

inside() { timeout "$STEP_S" "$ENGINE" exec "$container" "$@"; }

not_ready() {
    # shellcheck disable=SC2086
    $COMPOSE -p posewire-check logs --tail 3 >&2 || true
    fail "the service was not ready within $1 s; above is what it says"
}

# Waits until streams are taken on the published port, at most $2 s; prints the seconds since $1.
wait_until_ready() {
    "$PYTHON" - "$POSEWIRE_PORT" "$2" <<'PY' || not_ready "$2"
import json, sys, time, urllib.request
url, until_s = f"http://127.0.0.1:{sys.argv[1]}/readyz", time.monotonic() + float(sys.argv[2])
while time.monotonic() < until_s:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            sys.exit(not json.load(answer)["ready"])
    except (OSError, ValueError):
        time.sleep(0.05)
sys.exit(1)
PY
    seconds_since "$1"
}

# A body of 20 joints that sways for three seconds: no action, but all that the wire needs.
write_recording() {
    "$PYTHON" - "$FRAMES" <<'PY'
import json, math, sys
print(json.dumps({"type": "hello", "version": 1, "layout": "kinect20", "coordinates": "metres"}))
for frame in range(int(sys.argv[1])):
    sway = 0.1 * math.sin(frame / 10)
    body = [[sway + 0.1 * (j % 4), 0.9 - 0.09 * j, 2.5 + 0.02 * j, 1.0] for j in range(20)]
    people = [{"id": 1, "keypoints": body}]
    print(json.dumps({"type": "pose", "t_ms": frame * 1000 / 30, "people": people}))
PY
}

check_stream() {
    local summary
    write_recording >"$scratch/sway.jsonl"
    summary=$(timeout "$STEP_S" "$PYTHON" -m posewire_client "$scratch/sway.jsonl" --fast --json \
        --url "ws://127.0.0.1:$POSEWIRE_PORT/v1/stream" | tail -n 1) || fail "the stream failed"
    "$PYTHON" -c 'import json, sys; from collections import defaultdict
s = defaultdict(int, json.loads(sys.argv[1])); n = int(sys.argv[2])
sys.exit((s["frames_sent"], s["labels_received"], s["ended"]) != (n, n, "complete"))' \
        "$summary" "$FRAMES" || fail "not every frame got its label: $summary"
}

check_confinement() {
    local found
    [ "$(inside id -u)" != 0 ] || fail "the service runs as root"
    inside grep -qE "^[^ ]+ / [^ ]+ ro[, ]" /proc/mounts || fail "the root can be written"
    found=$(inside python -c 'import importlib.util, shutil
found = [name for name in ("torch", "pip", "setuptools") if importlib.util.find_spec(name)]
print(*found, *filter(None, map(shutil.which, ("cc", "gcc", "make"))))') || fail "the container answers no command"
    [ -z "$found" ] || fail "the image holds what a service does not need: $found"
    inside python -c 'open("/var/lib/posewire/written", "w")' || fail "the volume cannot be written"
    [ "$(inside printenv POSEWIRE_PEOPLE)" = 7 ] || fail "a setting did not reach the service"
    "$ENGINE" port "$container" | grep -q -- '-> 127\.0\.0\.1:' || fail "the port is not loopback's"
    ! "$ENGINE" port "$container" | grep -qv -- '-> 127\.0\.0\.1:' ||
        fail "the port is published beyond this machine"
}

# Which providers a session really got, and what the image says that it is made of.
check_content() {
    if ! inside python -m service doctor --json --port 0 >"$scratch/doctor" ||
        ! inside cat sbom.cdx.json >"$scratch/sbom"; then
        fail "the container answers no command"
    fi
    "$PYTHON" - "$PROFILE" "$scratch" <<'PY' || fail "the image holds other things than it should"
import json, sys
from pathlib import Path
profile, scratch = sys.argv[1], Path(sys.argv[2])
doctor, sbom = (json.loads((scratch / name).read_text()) for name in ("doctor", "sbom"))
print(f"check-container: {doctor['model']} on {' and '.join(doctor['providers'])}, "
      f"{doctor['window_ms']:.2f} ms a window; images: {doctor['images']}")
names = {component["name"] for component in sbom["components"]}
print(f"check-container: {len(names)} Python packages in sbom.cdx.json")
runtimes = {"cpu": "onnxruntime", "gpu": "onnxruntime-gpu"}
on_gpu = doctor["providers"][0] in ("TensorrtExecutionProvider", "CUDAExecutionProvider")
sys.exit(names & set(runtimes.values()) != {runtimes[profile]} or on_gpu != (profile == "gpu"))
PY
}

choose_profile
choose_engine
"$PYTHON" -c 'import posewire_client' 2>/dev/null ||
    unusable "$PYTHON has no posewire-client; 'make setup' installs it"

scratch=$(mktemp -d)
log=$scratch/log
export COMPOSE_PROFILES=$PROFILE POSEWIRE_IMAGE=posewire-check:$PROFILE POSEWIRE_PEOPLE=7
POSEWIRE_PORT=$("$PYTHON" -c 'import socket
with socket.create_server(("127.0.0.1", 0)) as taken: print(taken.getsockname()[1])')
export POSEWIRE_PORT
trap clean_up EXIT

begun=$(now)
limit_s=$BUILD_S compose build
size_mb=$(("$("$ENGINE" image inspect --format '{{.Size}}' "$POSEWIRE_IMAGE")" / 1000000))
say "built in $(seconds_since "$begun") s: $size_mb MB"
[ "$PROFILE" = gpu ] || [ "$size_mb" -le "$CPU_LARGEST_MB" ] ||
    fail "the image may have $CPU_LARGEST_MB MB, got $size_mb"

begun=$(now)
compose up --detach
ready_s=$(wait_until_ready "$begun" "$FIRST_START_S")
say "ready $ready_s s after its first start"
# shellcheck disable=SC2086
container=$($COMPOSE -p posewire-check ps -q | head -n 1)
[ -n "$container" ] || fail "'$COMPOSE ps' knows no container"
inside python docker/ready.py || fail "the image's own health check fails"
check_confinement
check_content
say "no root, no writing but to its volume, no compiler, no torch, no pip; published on loopback alone"
check_stream
say "streamed $FRAMES frames, a label each"

begun=$(now)
compose stop
status=$("$ENGINE" inspect --format '{{.State.ExitCode}}' "$container")
say "stopped on SIGTERM in $(seconds_since "$begun") s with exit status $status"
[ "$status" = 0 ] || fail "expected exit status 0, got $status"

begun=$(now)
compose start
ready_s=$(wait_until_ready "$begun" "$STEP_S")
say "ready $ready_s s after its second start"
check_stream
say "streamed $FRAMES frames again"
say "all holds; image.${PROFILE}_size_mb $size_mb"
