//! Compiles `proto/` without protoc, and keeps its descriptors for JSON by field names.

use std::path::PathBuf;

use prost::Message as _;

const FILES: [&str; 8] = [
    "platform.proto",
    "webhook.proto",
    "event.proto",
    "message.proto",
    "campaign.proto",
    "contact.proto",
    "correlation.proto",
    "private.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    for file in FILES {
        println!("cargo:rerun-if-changed={}", root.join(file).display());
    }
    let descriptors = protox::compile(FILES, [&root])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    let mut config = prost_build::Config::new();
    config.bytes(["."]).btree_map(["."]).include_file("packages.rs");
    config.compile_fds(descriptors)?;
    Ok(())
}
