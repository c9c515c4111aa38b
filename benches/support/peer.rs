//! What a small platform would pick instead: one SQLite file. Event row, message row, campaign counters and the offset of
//! the input in one transaction a batch; each message row is read once and written once a batch, in key order.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use domain::Event;
use engine::Record;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params, params_from_iter, types::Value};

use crate::figures::{Figure, Numbers};
use crate::input::Reader;
use crate::standing::{COUNTERS, Row, Share};
use crate::usage;

/// Page cache in KiB, negative as SQLite wants it: what Mailtally may use for blocks, memtables and rows together.
const CACHE_KIB: i64 = -131_072;

const TABLES: &str = "
    create table event(id integer primary key, key blob not null, body blob not null);
    create table message(key blob primary key, campaign text, seen blob, delivered int, strong int, strong_class int,
        bounce int, bounce_class int, deed int, unsubscribed int, opens int, clicks int,
        machine_opens int, machine_clicks int, complained int, dropped int) without rowid;
    create table progress(name text primary key, next int) without rowid;";

const GET: &str = "select campaign, seen, delivered, strong, strong_class, bounce, bounce_class, deed, unsubscribed,
    opens, clicks, machine_opens, machine_clicks, complained, dropped from message where key = ?";
const PUT: &str = "insert or replace into message values(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

/// Counters by (organisation, campaign).
type Deltas = BTreeMap<(String, String), Share>;

/// Folds a file of events into a new database.
///
/// # Errors
/// SQLite's or the system's.
pub fn fold(input: &Path, root: &Path, batch: usize) -> Result<(Figure, Numbers)> {
    let path = root.join("peer.sqlite");
    let mut database = open(&path)?;
    let mut reader = Reader::open(input)?;
    let (began, cpu, mut records) = (Instant::now(), usage::cpu_seconds()?, 0_u64);
    loop {
        let read = reader.batch(batch)?;
        if read.is_empty() {
            break;
        }
        records += u64::try_from(read.len())?;
        let transaction = database.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        one_batch(&transaction, read.into_iter().map(|(_, record)| record), records)?;
        transaction.commit()?;
    }
    let (seconds, cpu_seconds) = (began.elapsed().as_secs_f64(), usage::cpu_seconds()? - cpu);
    let peak_bytes = usage::peak_bytes()?;
    let numbers = numbers(&database)?;
    database.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
    let log_bytes = u64::try_from(table_bytes(&database, "event")?)?;
    drop(database);
    let state_bytes = std::fs::metadata(&path)?.len().saturating_sub(log_bytes);
    Ok((Figure { records, seconds, cpu_seconds, peak_bytes, state_bytes, log_bytes, ..Figure::default() }, numbers))
}

fn open(path: &Path) -> Result<Connection> {
    let database = Connection::open(path)?;
    database.execute_batch("pragma journal_mode = wal; pragma synchronous = full;")?;
    database.pragma_update(None, "cache_size", CACHE_KIB)?;
    database.set_prepared_statement_cache_capacity(16);
    let columns: Vec<String> = COUNTERS.iter().map(|name| format!("{name} int not null")).collect();
    database.execute_batch(TABLES)?;
    database.execute_batch(&format!(
        "create table campaign(organisation text, campaign text, {}, primary key(organisation, campaign)) without rowid",
        columns.join(", ")
    ))?;
    Ok(database)
}

fn one_batch(transaction: &Transaction<'_>, records: impl Iterator<Item = Record>, next: u64) -> Result<()> {
    let mut insert = transaction.prepare_cached("insert into event(key, body) values(?, ?)")?;
    let mut by_message: BTreeMap<Bytes, Vec<Event>> = BTreeMap::new();
    for record in records {
        let (key, body) = (record.key.context("a key")?, record.value.context("a value")?);
        insert.execute(params![&key[..], &body[..]])?;
        let [organisation, message] = contract::key::strings::<2>(&key).context("a canonical key")?;
        let event = contract::event::from_wire(organisation, message, contract::decode("Event", &body)?)?;
        by_message.entry(key).or_default().push(event);
    }
    let mut deltas = Deltas::new();
    for (key, events) in by_message {
        one_message(transaction, &key, &events, &mut deltas)?;
    }
    add(transaction, &deltas)?;
    let mut progress = transaction.prepare_cached("insert or replace into progress values('events', ?)")?;
    progress.execute([i64::try_from(next)?])?;
    Ok(())
}

fn one_message(transaction: &Transaction<'_>, key: &[u8], events: &[Event], deltas: &mut Deltas) -> Result<()> {
    let mut row = transaction.prepare_cached(GET)?.query_row([key], read).optional()?.unwrap_or_default();
    let before = row.share();
    let folded = events.iter().filter(|event| row.fold(event)).count();
    if folded == 0 {
        return Ok(());
    }
    write(transaction, key, &row)?;
    let organisation = events.first().map(|event| event.organisation.clone()).unwrap_or_default();
    let delta = deltas.entry((organisation, row.campaign.clone())).or_default();
    let change = row.share().into_iter().zip(before).map(|(after, before)| after - before);
    delta.iter_mut().zip(change).for_each(|(sum, change)| *sum += change);
    Ok(())
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        campaign: row.get(0)?,
        seen: row.get(1)?,
        delivered: row.get(2)?,
        strong: (row.get(3)?, row.get(4)?),
        bounce: (row.get(5)?, row.get(6)?),
        deed: row.get(7)?,
        unsubscribed: row.get(8)?,
        engagements: [row.get(9)?, row.get(10)?, row.get(11)?, row.get(12)?],
        complained: row.get(13)?,
        dropped: row.get(14)?,
    })
}

fn write(transaction: &Transaction<'_>, key: &[u8], row: &Row) -> Result<()> {
    let [opens, clicks, machine_opens, machine_clicks] = row.engagements;
    transaction.prepare_cached(PUT)?.execute(params![
        key,
        row.campaign,
        row.seen,
        row.delivered,
        row.strong.0,
        row.strong.1,
        row.bounce.0,
        row.bounce.1,
        row.deed,
        row.unsubscribed,
        opens,
        clicks,
        machine_opens,
        machine_clicks,
        row.complained,
        row.dropped
    ])?;
    Ok(())
}

fn add(transaction: &Transaction<'_>, deltas: &Deltas) -> Result<()> {
    let adds: Vec<String> = COUNTERS.iter().map(|name| format!("{name} = {name} + excluded.{name}")).collect();
    let marks = vec!["?"; COUNTERS.len() + 2].join(",");
    let add = format!("insert into campaign values({marks}) on conflict do update set {}", adds.join(", "));
    let mut add = transaction.prepare_cached(&add)?;
    for ((organisation, campaign), share) in deltas {
        let names = [organisation, campaign].map(|name| Value::from(name.clone()));
        add.execute(params_from_iter(names.into_iter().chain(share.iter().map(|count| Value::from(*count)))))?;
    }
    Ok(())
}

fn numbers(database: &Connection) -> Result<Numbers> {
    let columns = COUNTERS.join(", ");
    let mut select = database.prepare(&format!("select organisation, campaign, {columns} from campaign"))?;
    let rows = select.query_map([], |row| {
        let mut share = Share::default();
        share.iter_mut().zip(2..).try_for_each(|(count, column)| row.get(column).map(|read| *count = read))?;
        Ok(((row.get(0)?, row.get(1)?), share))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Bytes of a table's pages, by the share of its content where the library has no `dbstat`.
fn table_bytes(database: &Connection, table: &str) -> Result<i64> {
    let pages = format!("select sum(pgsize) from dbstat where name = '{table}'");
    let content = format!("select sum(length(key) + length(body) + 12) from {table}");
    let exact = database.query_row(&pages, [], |row| row.get::<_, Option<i64>>(0));
    Ok(exact.or_else(|_| database.query_row(&content, [], |row| row.get::<_, Option<i64>>(0)))?.unwrap_or_default())
}
