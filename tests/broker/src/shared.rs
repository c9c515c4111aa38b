//! The plain broker that suites share.

use std::net::SocketAddr;
use std::sync::OnceLock;

use crate::cluster::{Cluster, Options};
use crate::{Result, wire};

/// The environment variable that names a running broker, `127.0.0.1:9092` say.
pub const VARIABLE: &str = "MAILTALLY_TEST_KAFKA";

/// A plain broker's address: the one that [`VARIABLE`] names, else one started now, once a process, which ends with it.
/// Others use it too: choose names for topics, groups and transactional ids that nobody else has, and never stop it.
///
/// # Errors
/// The named one is not on loopback or does not answer, or none can be started. A suite fails then, and never skips.
pub fn shared() -> Result<&'static str> {
    static SHARED: OnceLock<Result<(String, Option<Cluster>)>> = OnceLock::new();
    let start = || match std::env::var(VARIABLE) {
        Ok(address) => named(&address).map(|()| (address, None)),
        Err(_) => Cluster::start(&Options::default()).map(|own| (own.bootstrap(), Some(own))),
    };
    SHARED.get_or_init(start).as_ref().map(|(address, _)| address.as_str()).map_err(Clone::clone)
}

fn named(address: &str) -> Result<()> {
    let loopback: Option<SocketAddr> = address.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback());
    let Some(loopback) = loopback else {
        return Err(format!("{VARIABLE}={address}: one address on loopback is wanted, 127.0.0.1:9092 say"));
    };
    wire::brokers(loopback.port(), None).map(drop).map_err(|why| {
        format!("{VARIABLE}={address} does not answer ({why}): start it with cargo xtask kafka up, or unset it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_broker_on_loopback_is_taken() {
        for wrong in ["", "kafka:9092", "10.0.0.1:9092", "127.0.0.1", "127.0.0.1:9092,127.0.0.1:9093"] {
            assert!(named(wrong).unwrap_err().contains("loopback"), "{wrong:?}");
        }
    }

    #[test]
    fn a_named_broker_that_does_not_answer_is_an_error() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = silent.local_addr().unwrap().to_string();
        drop(silent);
        assert!(named(&address).unwrap_err().contains("does not answer"));
    }
}
