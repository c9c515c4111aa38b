//! The embedded log from outside: the suite of every log, kills, damage, full disks, backups.
#![cfg(test)]

mod ages;
mod agreement;
mod backup;
mod conformance;
mod crash;
mod damage;
mod medium;
mod support;
