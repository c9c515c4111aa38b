//! Mailtally's messages, from its `.proto` files.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = "../../../proto";
    println!("cargo::rerun-if-changed={folder}");
    let files = protox::compile(["platform.proto", "campaign.proto"], [folder])?;
    prost_build::Config::new().include_file("mailtally.rs").compile_fds(files)?;
    Ok(())
}
