"""paramiko beside TLS in one process; paramiko's SSH uses another OpenSSL."""

import socket
import threading

import paramiko
import requests

import peers

VERSION = paramiko.__version__


class Server(paramiko.ServerInterface):
    def check_auth_password(self, user, password):
        return paramiko.AUTH_SUCCESSFUL

    def get_allowed_auths(self, user):
        return "password"

    def check_channel_request(self, kind, number):
        return paramiko.OPEN_SUCCEEDED


def ssh():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    key = paramiko.RSAKey.generate(2048)

    def serve():
        transport = paramiko.Transport(listener.accept()[0])
        transport.add_server_key(key)
        transport.start_server(server=Server())
        channel = transport.accept(peers.TIMEOUT)
        channel.sendall(channel.recv(1024).upper())

    thread = threading.Thread(target=serve)
    thread.daemon = True
    thread.start()
    client = paramiko.Transport(listener.getsockname())
    client.connect(username="user", password="secret")
    channel = client.open_session()
    channel.sendall(b"hello")
    data = channel.recv(1024)
    client.close()
    return data.decode()


def same_ssh_and_https():
    before = requests.get(peers.url("https"), verify=peers.CA).text
    return [before, ssh(),
            requests.get(peers.url("https"), verify=peers.CA).text]
