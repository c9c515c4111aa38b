//! A full disk below the stores: a file system of a few MiB where root may mount one, else a limit of each file.

use std::path::Path;
use std::process::Command;

use crate::site::{notes, until, until_ready};
use crate::{last_words, made, sends, sent};

/// What is mounted, and gone when this is dropped.
struct Small<'a>(&'a Path);

impl<'a> Small<'a> {
    /// A file system of so many MiB.
    fn mount(at: &'a Path, mib: u32) -> Self {
        std::fs::create_dir_all(at).expect("a directory");
        mounted(&format!("size={mib}m"), at);
        Self(at)
    }

    fn grow(&self, mib: u32) {
        mounted(&format!("remount,size={mib}m"), self.0);
    }
}

fn mounted(options: &str, at: &Path) {
    let done = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).output().expect("mount");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "only root may fill a disk of its own for this test (mount -t tmpfs): {said}");
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        Command::new("umount").arg(self.0).status().ok();
    }
}

#[test]
fn a_full_disk_ends_the_process_with_one_line_and_with_space_again_it_goes_on_where_it_was() {
    let site = made();
    let folder = site.path("a");
    let disk = Small::mount(&folder, MIB);
    let run = site.start("processor", "a");
    let mut written = 0;
    let ended = std::thread::scope(|scope| {
        let ended = scope.spawn(|| run.ended());
        while !ended.is_finished() {
            assert!(written < 400_000, "the disk was never full: {}", notes(&folder));
            let file = site.file("sends.jsonl", &sends(written, written + ROUND));
            // Without a processor it says that what it wrote is safe.
            site.ask(&["produce", &file]);
            written += ROUND;
        }
        ended.join().expect("ended")
    });
    assert_eq!(ended.code(), Some(1), "{}", notes(&folder));
    let said = last_words(&site, "a");
    assert!(said.contains("No space left on device") && said.contains("free the resource and start again"), "{said}");

    disk.grow(512);
    let mut again = site.start("processor", "a");
    let all = u64::try_from(written).expect("few");
    until("everything is counted", || sent(&site) == all);
    until_ready(&mut again);
    assert!(site.rows(&["reconcile"])[0]["difference"].is_null());
    again.stop();
}

/// Bytes of the disk, in MiB: the empty stores of 24 tasks fit, what they come to hold does not.
const MIB: u32 = 6;
/// Sends at a time.
const ROUND: usize = 10_000;
