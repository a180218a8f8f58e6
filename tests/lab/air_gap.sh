#!/bin/sh
# The other side of an air gap: a network namespace with nothing but loopback, a machine with Python, make and a
# registry, and one file. Arguments: the bundle, its SHA-256, where it goes, Python, directories to hide.
set -eu
bundle=$1 digest=$2 into=$3 python=$4
shift 4

ip link set lo up
for hidden; do mount -t tmpfs none "$hidden"; done
# Even the look-up of a name is an attempt to leave the machine.
echo "nameserver 192.0.2.53" >"$HOME/resolv.conf"
mount --bind "$HOME/resolv.conf" /etc/resolv.conf

# Packets and connections for which the namespace has no route, of IPv4 and IPv6.
attempts() {
  awk '$1 == "Ip:" && !named { for (i = 2; i <= NF; i++) if ($i == "OutNoRoutes") at = i; named = 1; next }
       $1 == "Ip:" { sum += $at } $1 == "Ip6OutNoRoutes" { sum += $2 } END { print sum + 0 }' \
    /proc/net/snmp /proc/net/snmp6
}
step() { echo "==== $* ($(cut -d' ' -f1 /proc/uptime))"; }

step load
tar -xOf "$bundle" load.py | "$python" - "$bundle" --into "$into" --sha256 "$digest" --python "$python"
cd "$into"
. carried/env

step registry
.venv/bin/python -m lab up --bare --registry

step push
.venv/bin/python -m airgap push -s lab

step make lab
make lab
eval "$(.venv/bin/python -m lab env)"
kubectl get pods -A -o jsonpath='{range .items[*]}{.spec.initContainers[*].image} {.spec.containers[*].image}{"\n"}{end}' \
  >"$HOME/images"

step preview
.venv/bin/python -m lab try Pulumi.prod.yaml

attempts >"$HOME/attempts"
"$python" -c 'import socket; socket.socket().connect_ex(("192.0.2.1", 443))'
attempts >"$HOME/attempts-after-one"
step end
