# shellcheck shell=bash
# pcscd on the host, for scripts that need no USB: the virtual reader of vsmartcard-vpcd is all they use. To be sourced
# by bash: . "$(dirname "$0")/host.sh". Adds to lib.sh, whose waiting it uses.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# in_own_world SCRIPT [ARGUMENT]...: starts the script again where it has a /run and a network of its own, and does
# nothing when it is there already. vpcd binds its port on all interfaces and asks nobody who they are; in here nobody
# else reaches it, and neither a pcscd nor a virtual card of the host is in the way. Needs no root where the kernel lets
# users make namespaces.
in_own_world() {
    [ -z "${DMSC_OWN_WORLD:-}" ] || return 0
    local as=()
    [ "$(id -u)" -eq 0 ] || as=(--map-root-user)
    DMSC_OWN_WORLD=1 exec unshare "${as[@]}" --mount --net bash -c '
        mount -t tmpfs none /run && ip link set lo up && exec bash "$@"' in_own_world "$@"
}

# start_pcscd [LOG [OPTION]...]: starts pcscd, its log with every APDU in LOG (/run/pcscd.log). Programs can connect when
# this returns. Refuses where one runs already: its readers are not this script's to play with.
start_pcscd() {
    local log=${1:-/run/pcscd.log}
    [ $# -eq 0 ] || shift
    if [ -e /run/pcscd/pcscd.comm ] && $bench_python -c '
import socket
socket.socket(socket.AF_UNIX).connect("/run/pcscd/pcscd.comm")' 2>/dev/null; then
        echo "pcscd runs already; stop it (systemctl stop pcscd.socket pcscd), or use in_own_world" >&2
        return 1
    fi
    rm -f /run/pcscd/pcscd.comm /run/pcscd/pcscd.pid
    run_pcscd "$log" "$@"
}
