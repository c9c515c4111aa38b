//! Every input that fuzzing has kept, and every payload of the decoders' own tests, once more.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use std::path::{Path, PathBuf};

use providers::ALL;

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a corpus of each target");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    files
}

/// How many inputs of a target passed.
fn replay(target: &str, run: impl Fn(&[u8])) -> usize {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = files(&root);
    files.iter().for_each(|file| run(&std::fs::read(file).expect("readable")));
    files.len()
}

// One test: memory is counted for the whole process.
#[test]
fn the_corpus_is_read_without_a_panic_and_within_its_memory() {
    for provider in ALL {
        let kept = replay(provider.name, |body| fuzzed::decode(provider.name, body));
        assert!(kept >= 10, "{} has {kept} inputs", provider.name);
        let payloads = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/providers/tests/payloads");
        for file in
            files(&payloads.join(provider.name)).iter().filter(|file| file.extension().is_some_and(|end| end == "json"))
        {
            fuzzed::decode(provider.name, &std::fs::read(file).expect("readable"));
        }
    }
    assert!(replay("signature", fuzzed::signature) >= 10);
    assert!(replay("sns", fuzzed::sns) >= 10);
    assert!(replay("spool", fuzzed::spool) >= 10);
}
