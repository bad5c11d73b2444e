"""The national algorithms: SM3 digests and MACs, SM4 for content, SM2 for signatures.

Software alone: a bureau that must use certified devices puts them behind these functions.
"""

from importlib import import_module
from typing import Any, Final

from cryptography.hazmat.primitives import hashes, hmac, padding
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from engine.errors import StorageError

BLOCK_BITS: Final = 128
SCALAR_BYTES: Final = 32
RAW_SIGNATURE_BYTES: Final = 2 * SCALAR_BYTES


def sm3(content: bytes) -> bytes:
    """Return the digest of 32 bytes (GB/T 32905-2016)."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(content)
    return digest.finalize()


def sm3_mac(key: bytes, content: bytes) -> bytes:
    """Return the keyed digest (HMAC, GB/T 15852.2-2012) of 32 bytes."""
    mac = hmac.HMAC(key, hashes.SM3())
    mac.update(content)
    return mac.finalize()


def sm4_encrypt(key: bytes, content: bytes) -> bytes:
    """Return content under a key of 16 bytes, padded, block by block (GB/T 32907-2016)."""
    padder = padding.PKCS7(BLOCK_BITS).padder()
    encryptor = _sm4(key).encryptor()
    return encryptor.update(padder.update(content) + padder.finalize()) + encryptor.finalize()


def sm4_decrypt(key: bytes, content: bytes) -> bytes:
    """Return what `sm4_encrypt` was given.

    Raises:
        ValueError: it is no whole number of blocks, or its padding is not right.
    """
    decryptor, unpadder = _sm4(key).decryptor(), padding.PKCS7(BLOCK_BITS).unpadder()
    padded = decryptor.update(content) + decryptor.finalize()
    return unpadder.update(padded) + unpadder.finalize()


def sm2_pair() -> tuple[str, str]:
    """Return a new public and private key as hexadecimal text, the public one without its 04.

    Raises:
        StorageError: `no_sm2`, this machine has no SM2.
    """
    public, private = _sm2().sm2_key_generate()
    return public.hex(), private.hex()


def sm2_public_key(text: str) -> str:
    """Return a public key, given in any of its usual forms, as 128 hexadecimal digits.

    Raises:
        StorageError: `bad_public_key`, it is no point of the curve; or `no_sm2`.
    """
    library = _sm2()
    try:
        return bytes(library.normalize_sm2_public_key(text)).hex()
    except library.InvalidValueError as error:
        raise StorageError(
            "bad_public_key",
            "不是 SM2 公钥；应为十六进制，64 字节（可带前缀 04）或压缩的 33 字节",
            "this is no SM2 public key; give hexadecimal digits of 64 bytes, or 33 if compressed",
        ) from error


def sm2_sign(public: str, private: str, content: bytes) -> bytes:
    """Return the signature r ‖ s of 64 bytes, under the usual id (GB/T 32918.2-2016).

    Raises:
        StorageError: `no_sm2`.
    """
    der = _sm2().sm2_sign(bytes.fromhex(private), bytes.fromhex(public), content)
    return b"".join(part.to_bytes(SCALAR_BYTES) for part in decode_dss_signature(der))


def sm2_verify(public: str, content: bytes, signature: bytes) -> bool:
    """Return whether a signature, r ‖ s or as ASN.1 DER, is that of a public key.

    Raises:
        StorageError: `no_sm2`.
    """
    library = _sm2()
    try:
        return bool(library.sm2_verify(bytes.fromhex(public), content, _as_der(signature)))
    except (library.GmsslInnerError, ValueError):
        return False


def _as_der(signature: bytes) -> bytes:
    if len(signature) != RAW_SIGNATURE_BYTES:
        return signature
    r, s = signature[:SCALAR_BYTES], signature[SCALAR_BYTES:]
    return encode_dss_signature(int.from_bytes(r), int.from_bytes(s))


def _sm4(key: bytes) -> Cipher[modes.ECB]:
    # The envelope of the national platform asks for this mode; its signature guards the whole.
    return Cipher(algorithms.SM4(key), modes.ECB())  # noqa: S305


def _sm2() -> Any:
    try:
        return import_module("gmssl_pyx")
    except ImportError as error:
        raise StorageError(
            "no_sm2",
            "本机没有 SM2（gmssl-pyx 只有 Linux x86-64 的安装包）；请改用其他签名方式，或换机器",
            "this machine has no SM2: gmssl-pyx comes for Linux on x86-64 alone; choose another "
            "signature scheme, or another machine",
        ) from error
