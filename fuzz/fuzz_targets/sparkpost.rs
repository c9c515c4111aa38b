#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| fuzzed::decode("sparkpost", body));
