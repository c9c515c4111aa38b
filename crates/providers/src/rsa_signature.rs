//! RSA signatures after PKCS #1 v1.5 (RFC 8017), as Amazon SNS and Postal make them. They are verified by `ring`, which takes a
//! fraction of the time that `rsa` takes; `rsa` reads the keys.

use ring::signature::{
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY as SHA1, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY as SHA256,
    RsaPublicKeyComponents,
};
use rsa::RsaPublicKey;
use rsa::traits::PublicKeyParts as _;

/// What is signed of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Digest {
    /// What both sign with unless they are asked for more.
    Sha1,
    Sha256,
}

/// Whether this is the message's signature under the key, which has 1,024 to 4,096 bits: Postal makes keys of 1,024.
pub(crate) fn is_signed(key: &RsaPublicKey, digest: Digest, message: &[u8], signature: &[u8]) -> bool {
    let (n, e) = (key.n().to_bytes_be(), key.e().to_bytes_be());
    let parameters = match digest {
        Digest::Sha1 => &SHA1,
        Digest::Sha256 => &SHA256,
    };
    RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    use rsa::pkcs1v15::SigningKey;
    use rsa::pkcs8::DecodePrivateKey as _;
    use rsa::signature::{SignatureEncoding as _, Signer as _};

    #[test]
    fn what_another_implementation_signs_is_signed_and_nothing_else_is() {
        let private = rsa::RsaPrivateKey::from_pkcs8_pem(include_str!("../tests/keys/one.pem")).unwrap();
        let public = private.to_public_key();
        let older = SigningKey::<sha1::Sha1>::new(private.clone()).sign(b"message").to_vec();
        let newer = SigningKey::<rsa::sha2::Sha256>::new(private).sign(b"message").to_vec();
        assert!(is_signed(&public, Digest::Sha1, b"message", &older));
        assert!(is_signed(&public, Digest::Sha256, b"message", &newer));
        assert!(!is_signed(&public, Digest::Sha256, b"message", &older));
        assert!(!is_signed(&public, Digest::Sha256, b"massage", &newer));
        for wrong in [&[][..], &[0], &newer[1..], &[newer.as_slice(), &[0]].concat()] {
            assert!(!is_signed(&public, Digest::Sha256, b"message", wrong));
        }
    }
}
