"""Certificates for a Push Initiator on 127.0.0.1, made with openssl."""

import ssl
import subprocess


def _openssl(folder, *arguments):
    subprocess.run(['openssl', *arguments], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def authority(folder, name):
    """A certificate authority; returns the path of its certificate."""
    _openssl(folder, 'req', '-x509', '-newkey', 'rsa:2048', '-nodes',
             '-keyout', f'{name}.key', '-out', f'{name}.pem', '-subj',
             f'/CN={name}', '-days', '2')
    return f'{folder}/{name}.pem'


def server(folder, name, ca, subject='IP:127.0.0.1', days=2):
    """The ssl.SSLContext of a server whose certificate, by the authority
    `ca`, is for `subject` and lives for so many days."""
    _openssl(folder, 'req', '-newkey', 'rsa:2048', '-nodes', '-keyout',
             f'{name}.key', '-out', f'{name}.csr', '-subj', '/CN=pi',
             '-addext', f'subjectAltName={subject}')
    _openssl(folder, 'x509', '-req', '-in', f'{name}.csr', '-CA',
             f'{ca}.pem', '-CAkey', f'{ca}.key', '-CAcreateserial', '-days',
             str(days), '-copy_extensions', 'copy', '-out', f'{name}.pem')
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f'{folder}/{name}.pem', f'{folder}/{name}.key')
    return context
