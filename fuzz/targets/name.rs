#![no_main]

#[path = "../checks/name.rs"]
mod name;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| name::check(bytes));
