//! The front door of a live process: which accounts' webhooks are taken, where, and into what.

use std::net::TcpListener;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use api::Server;
use contract::topic::Topic;
use gateway::{Account, Accounts, Certificates, Gateway, Keeper, Spool};
use service::config::{self, Config};
use service::health::Board;

use super::Role;
use crate::space;
use crate::system::System;

/// Whether webhooks are taken: a process that does everything takes those of accounts that have something to check them with.
pub(super) fn is_open(config: &Config, role: Role) -> bool {
    match role {
        Role::All => config.accounts.iter().any(can_be_checked),
        Role::Gateway => true,
        Role::Processor => false,
    }
}

fn can_be_checked(account: &config::Account) -> bool {
    !account.secrets.is_empty() || !account.topics.is_empty()
}

/// A gateway over this system's log, with its spool in the data directory.
pub(super) fn gateway(system: &System, board: &Arc<Board>, config: &Config) -> Result<Arc<Gateway>> {
    for account in config.accounts.iter().filter(|account| !can_be_checked(account)) {
        let (provider, name) = (&account.provider, &account.name);
        tracing::warn!(
            provider,
            account = name,
            "no webhook of this account is taken: give it secrets (or topics, of Amazon SNS)"
        );
    }
    let board = Arc::clone(board);
    let (gateway, _) = over(system, config, Box::new(move || board.closed().is_some()))?;
    Ok(Arc::new(gateway))
}

/// The same with its spool, while `closed` says nothing against it.
pub(crate) fn over(
    system: &System,
    config: &Config,
    closed: Box<dyn Fn() -> bool + Send + Sync>,
) -> Result<(Gateway, Spool)> {
    let spool = Spool::open(&system.root.join("spool"), config.gateway.spool_bytes)?;
    let topic = system.settings.topic(Topic::Webhooks);
    let keeper = Keeper::start(Arc::clone(&system.log), topic, system.settings.partitions, spool.clone())
        .context("start the intake of webhooks")?;
    Ok((Gateway::new(accounts(config), keeper, Certificates::default(), closed), spool))
}

/// The accounts as the front door knows them.
fn accounts(config: &Config) -> Accounts {
    let one = |account: &config::Account| {
        let known = Account {
            secrets: account.secrets.clone(),
            topics: account.topics.clone(),
            url: account.url.clone(),
            certificate: account.certificate.clone(),
        };
        ((account.provider.clone(), account.name.clone()), known)
    };
    config.accounts.iter().map(one).collect()
}

/// Serves it.
pub(super) fn open(listener: TcpListener, gateway: Arc<Gateway>) -> std::io::Result<Server> {
    let connections = u32::try_from(space::open_files() / 4).unwrap_or(u32::MAX);
    api::serve(tokio::net::TcpListener::from_std(listener)?, gateway::router(gateway), connections)
}
