"""Loads rules into the kernel of a network namespace and sees from another one what gets through.

Called as `unshare --net python3 truth.py RULES…`; prints one line of JSON for each file of rules.
"""

import json
import select
import socket
import subprocess
import sys
import time

PORTS = [22, 25, 80, 443, 1024, 3000, 5432, 8080, 8443, 9000]
FAMILIES = {"ipv4": (socket.AF_INET, "198.51.100.1"), "ipv6": (socket.AF_INET6, "2001:db8::1")}
PROTOCOLS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
# How long a packet within one machine may take; one that is dropped is waited for as long.
WITHIN_SECONDS = 0.4


def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def listeners():
    sockets = []
    for family, (number, _) in FAMILIES.items():
        for protocol, kind in PROTOCOLS.items():
            for port in PORTS:
                one = socket.socket(number, kind)
                if family == "ipv6":
                    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                one.bind(("", port))
                if protocol == "tcp":
                    one.listen(64)
                one.setblocking(False)
                sockets.append((one, protocol))
    return sockets


def knock():
    """Run outside: which connections and datagrams are answered. A datagram is answered with its own port."""
    asked = []
    for family, (number, address) in FAMILIES.items():
        for protocol, kind in PROTOCOLS.items():
            for port in PORTS:
                one = socket.socket(number, kind)
                one.setblocking(False)
                one.connect_ex((address, port))
                if protocol == "udp":
                    one.send(b"?")
                asked.append((one, family, protocol, port))
    time.sleep(WITHIN_SECONDS)
    through = []
    for one, family, protocol, port in asked:
        try:
            if protocol == "tcp":
                one.getpeername()
            else:
                one.recv(1)
            through.append([protocol, family, port])
        except OSError:
            pass
    print(json.dumps(through))


def main(files):
    outside = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
    try:
        while True:
            try:
                run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", str(outside.pid))
                break
            except subprocess.CalledProcessError:
                # Both ends cannot have one name in one namespace: the other is not yet parted.
                if outside.poll() is not None:
                    raise
        there = ["nsenter", "-t", str(outside.pid), "-n"]
        run("ip", "link", "set", "lo", "up")
        for here, v4, v6 in (([], "1", "1"), (there, "9", "9")):
            run(*here, "ip", "address", "add", f"198.51.100.{v4}/24", "dev", "eth0")
            run(*here, "ip", "address", "add", f"2001:db8::{v6}/64", "dev", "eth0", "nodad")
            run(*here, "ip", "link", "set", "eth0", "up")
        sockets = listeners()
        for file in files:
            run("nft", "flush", "ruleset")
            run("nft", "-f", file)
            listing = json.loads(run("nft", "-j", "list", "ruleset"))
            plain = run("nft", "list", "ruleset")
            truth = {"file": file, "listing": listing, "plain": plain, "through": through(there, sockets)}
            print(json.dumps(truth), flush=True)
    finally:
        outside.kill()
        outside.wait()


def through(there, sockets):
    knocking = subprocess.Popen([*there, sys.executable, __file__, "knock"], stdout=subprocess.PIPE, text=True)
    datagrams = {one.fileno(): one for one, protocol in sockets if protocol == "udp"}
    while knocking.poll() is None:
        for number in select.select(list(datagrams), [], [], 0.05)[0]:
            data, peer = datagrams[number].recvfrom(1)
            try:
                datagrams[number].sendto(data, peer)
            except OSError:
                pass
    for one, protocol in sockets:
        try:
            while protocol == "tcp":
                one.accept()[0].close()
        except OSError:
            pass
    return json.loads(knocking.stdout.read())


if sys.argv[1] == "knock":
    knock()
else:
    main(sys.argv[1:])
