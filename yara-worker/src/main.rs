//! The program `mews-yara`; see the library for what it does.

use std::io::{self, BufReader, BufWriter};
use std::process;

use mews_yara::frame::Broken;
use mews_yara::{engine, sandbox, worker};

const PROTOCOL_BROKEN: i32 = 2;
const PIPE_FAILED: i32 = 3;
const WORKER_FAILED: i32 = 70;

fn main() {
    // The default hook prints the panic's text, which may quote the input.
    std::panic::set_hook(Box::new(|_| {
        eprintln!("mews-yara: internal failure");
        process::exit(WORKER_FAILED);
    }));
    let memory = sandbox::Memory::open();
    let walls = sandbox::enter(engine::warm_up);
    let mut input = BufReader::with_capacity(64 << 10, io::stdin().lock());
    let mut output = BufWriter::new(io::stdout().lock());
    let code = match worker::serve(&mut input, &mut output, walls, &memory) {
        Ok(()) => 0,
        Err(Broken::Protocol(what)) => {
            eprintln!("mews-yara: protocol broken: {what}");
            PROTOCOL_BROKEN
        }
        Err(Broken::Pipe(_)) => {
            eprintln!("mews-yara: pipe failed");
            PIPE_FAILED
        }
    };
    process::exit(code);
}
