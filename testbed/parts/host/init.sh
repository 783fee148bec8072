#!/usr/bin/env bash
# Stands in for the machine's own start: what systemd would read from its units is read here.
set -euo pipefail
cd /
trap 'exit 0' TERM
umount -l /old
rmdir /old
hostname shop-1
if [ -n "$PROCESSORS" ]; then taskset -p -c "$PROCESSORS" $$ > /dev/null; fi

ip link set lo up
ip link add eth0 type veth peer name uplink
ip address add 192.0.2.10/24 dev eth0
ip address add 2001:db8::10/64 dev eth0 nodad
ip link set eth0 up
ip link set uplink up
nft -f /etc/nftables.conf
# The service takes port 443 without any capability.
echo 443 > /proc/sys/net/ipv4/ip_unprivileged_port_start

/usr/sbin/sshd -D -e &
# -x: the clock of the machine outside is left alone.
chronyd -x -d -u root -f /etc/chrony/source.conf &
chronyd -x -d -u root -f /etc/chrony/chrony.conf &

unit=/etc/systemd/system/shop-api.service
setting() { sed -n "s/^$1=//p" "$unit" | tail -n 1; }
user=$(setting User)
rights=(--reuid="$user" --regid="$user" --clear-groups)
if [ "$(setting NoNewPrivileges)" = yes ]; then rights+=(--no-new-privs); fi
ambient=$(setting AmbientCapabilities)
if [ -n "$ambient" ]; then
  ambient=+$(echo "${ambient#CAP_}" | tr '[:upper:]' '[:lower:]')
  rights+=(--inh-caps="$ambient" --ambient-caps="$ambient")
fi
variables=()
while IFS= read -r line; do variables+=("$line"); done < "$(setting EnvironmentFile)"
(cd "$(setting WorkingDirectory)" &&
  exec env -i PATH=/usr/bin:/bin "${variables[@]}" setpriv "${rights[@]}" "$(setting ExecStart)") &

# Ready once the doors are open; the clock is waited for as long as a sound one takes to be set.
for port in 22 443 3000; do
  until (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do
    [ "$(jobs -rp | wc -l)" -eq 4 ]
    sleep 0.02
  done
done
chronyc -n -h 127.0.0.1 waitsync 30 0 0 0.1 > /dev/null || true
echo ready >&9
exec 9>&-
wait
