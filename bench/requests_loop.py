"""Measure requests.get() in a loop, with and without client_sessions.

    python bench/requests_loop.py [SECONDS]

It prints the requests per second and their CPU time.  The Python needs the
backport and requests.  The server is another process of the same Python, on
loopback.  Its key is RSA-2048, as on most of the web, and then ECDSA P-256.
It answers one request per connection.  The programs with and without
client_sessions run in turn, five times for SECONDS (2); the medians are
printed.
"""

from __future__ import print_function

import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CERTS = os.path.join(os.path.dirname(HERE), "tests", "certs")
TURNS = 5
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n"


def serve(version, chain):
    """Answer each client with "1" if its session was resumed, or else "0"."""
    import _ssl_backport
    _ssl_backport.install()
    import socket
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(CERTS, chain))
    context.maximum_version = ssl.TLSVersion[version]
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(50)
    print(listener.getsockname()[1])
    sys.stdout.flush()
    while True:
        sock = context.wrap_socket(listener.accept()[0], server_side=True)
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += sock.recv(4096)
        sock.sendall(ANSWER + (b"1" if sock.session_reused else b"0"))
        sock.close()


def measure(port, number, seconds):
    """Print the requests per second, the CPU time of one (ms) and the share of
    resumed sessions (%)."""
    import _ssl_backport
    _ssl_backport.install(client_sessions=number)
    import requests

    url = "https://localhost:%d/" % port
    roots = os.path.join(CERTS, "root.pem")
    for _ in range(5):
        requests.get(url, verify=roots)
    count, resumed = 0, 0
    began, cpu = time.time(), sum(os.times()[:2])
    while time.time() < began + seconds:
        resumed += int(requests.get(url, verify=roots).text)
        count += 1
    print(count / (time.time() - began),
          (sum(os.times()[:2]) - cpu) / count * 1000, 100.0 * resumed / count)


def run(*arguments):
    return subprocess.Popen(
        [sys.executable, os.path.join(HERE, "requests_loop.py")] +
        [str(argument) for argument in arguments], stdout=subprocess.PIPE)


def compare(version, chain, seconds):
    server = run("serve", version, chain)
    try:
        port = int(server.stdout.readline())
        results = {0: [], 100: []}
        for _ in range(TURNS):
            for number in results:
                output = run("measure", port, number,
                             seconds).communicate()[0]
                results[number].append(
                    [float(each) for each in output.split()])
    finally:
        server.kill()
    for number, found in sorted(results.items()):
        print("%s %-17s client_sessions=%-4d%6.0f requests/s%7.2f ms of CPU"
              "%5.0f %% resumed" % ((version, chain, number) + tuple(
                  sorted(each)[TURNS // 2] for each in zip(*found))))


def main():
    if sys.argv[1:2] == ["serve"]:
        serve(*sys.argv[2:])
    elif sys.argv[1:2] == ["measure"]:
        measure(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
    else:
        for version in "TLSv1_2", "TLSv1_3":
            for chain in "localhost.pem", "localhost-ec.pem":
                compare(version, chain, float((sys.argv[1:] + [2])[0]))


if __name__ == "__main__":
    main()
