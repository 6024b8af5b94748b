"""Signatures (Ed25519, RFC 8032): who holds the private key said these bytes, and they are as they were said."""

from __future__ import annotations

import base64

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


def new_key() -> bytes:
    """Return a new private key, 32 bytes of the operating system's randomness."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


def public_of(private: bytes) -> bytes:
    """Return the public key of a private one."""
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def sign(private: bytes, said: bytes) -> bytes:
    """Return the signature of what was said. The same key and bytes give the same signature."""
    return Ed25519PrivateKey.from_private_bytes(private).sign(said)


def is_signed(public: bytes, signature: bytes, said: bytes) -> bool:
    """Return whether the holder of the key signed exactly these bytes; what is no key signed nothing."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, said)
    except (InvalidSignature, ValueError):
        return False
    return True


def text_of(data: bytes) -> str:
    """Return a key or a signature as it is written."""
    return base64.b64encode(data).decode()


def bytes_of(text: str) -> bytes:
    """Return the key or signature that a text is. Raises: ValueError when it is none."""
    return base64.b64decode(text, validate=True)
