//! The certificate that an SNS message is signed with.

use domain::Time;
use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey as _;
use x509_cert::der::{DecodePem as _, Encode as _};
use x509_cert::time::Time as Moment;

use crate::check::Refusal;

/// A certificate as Amazon serves it. That it is Amazon's is shown by where it was fetched: the host's own certificate was checked
/// for that, so the chain above this one is not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    key: RsaPublicKey,
    from: Time,
    until: Time,
}

impl Certificate {
    /// Reads a PEM file, the first certificate of it.
    ///
    /// # Errors
    /// [`Refusal::ForeignCertificate`] when it holds no certificate with an RSA key.
    pub fn read(pem: &[u8]) -> Result<Self, Refusal> {
        Self::parse(pem).ok_or(Refusal::ForeignCertificate)
    }

    fn parse(pem: &[u8]) -> Option<Self> {
        let certificate = x509_cert::Certificate::from_pem(first(pem)?).ok()?.tbs_certificate;
        let key = certificate.subject_public_key_info.to_der().ok()?;
        Some(Self {
            key: RsaPublicKey::from_public_key_der(&key).ok()?,
            from: moment(certificate.validity.not_before)?,
            until: moment(certificate.validity.not_after)?,
        })
    }

    /// When it may be fetched anew at the latest.
    pub const fn until(&self) -> Time {
        self.until
    }

    /// Its key, while it is valid.
    pub(super) fn key(&self, now: Time) -> Result<&RsaPublicKey, Refusal> {
        if self.from <= now && now <= self.until { Ok(&self.key) } else { Err(Refusal::ForeignCertificate) }
    }
}

/// The first block of a PEM file that may hold a chain.
fn first(pem: &[u8]) -> Option<&[u8]> {
    const END: &[u8] = b"-----END CERTIFICATE-----";
    let end = pem.windows(END.len()).position(|window| window == END)?;
    pem.get(..end + END.len())
}

fn moment(moment: Moment) -> Option<Time> {
    let seconds = i64::try_from(moment.to_unix_duration().as_secs()).ok()?;
    seconds.checked_mul(1_000_000).map(Time::from_micros)
}
