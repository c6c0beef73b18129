//! The program `mews-yara`; see the library for what it does.

use std::io::{self, BufReader, BufWriter};
use std::process;

use mews_yara::engine::{self, Warm};
use mews_yara::frame::Broken;
use mews_yara::message::Wall;
use mews_yara::sandbox::{self, Memory};
use mews_yara::zygote::{self, Outside, Role};
use mews_yara::{WORKER_FAILED, worker};
use yara_x::Compiler;

const PROTOCOL_BROKEN: i32 = 2;
const PIPE_FAILED: i32 = 3;

fn main() {
    // The default hook prints the panic's text, which may quote the input.
    std::panic::set_hook(Box::new(|_| {
        eprintln!("mews-yara: internal failure");
        process::exit(WORKER_FAILED);
    }));
    keep_memory();
    let (walls, memory, compiler) = match std::env::args().nth(1).as_deref() {
        Some("--zygote") => forked(),
        _ => started(),
    };
    let mut input = BufReader::with_capacity(64 << 10, io::stdin().lock());
    let mut output = BufWriter::new(io::stdout().lock());
    let code = match worker::serve(&mut input, &mut output, walls, &memory, compiler) {
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

/// Tells the allocator to keep what it has: compiling allocates and frees the
/// same megabytes over and over, and each time pages are faulted in anew.
fn keep_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it only changes bounds of the allocator, before other threads are.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 8 << 20);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 32 << 20);
        libc::mallopt(libc::M_TOP_PAD, 1 << 20);
    }
}

/// Makes this process a worker.
fn started() -> (Vec<Wall>, Memory, Compiler<'static>) {
    let memory = Memory::open();
    let outer = sandbox::outer();
    let walls = sandbox::inner(outer, || Warm::new().start_heartbeat());
    (walls, memory, engine::compiler())
}

/// Makes this process a zygote, and returns in its workers.
fn forked() -> (Vec<Wall>, Memory, Compiler<'static>) {
    let outside = or_fail(Outside::open());
    let outer = sandbox::outer_of_zygote();
    let (mut warm, compiler) = (Warm::new(), engine::compiler());
    match or_fail(zygote::run(outside)) {
        Role::Over => process::exit(0),
        Role::Worker => (sandbox::inner(outer, || warm.start_heartbeat()), Memory::forked(), compiler),
    }
}

fn or_fail<T>(result: io::Result<T>) -> T {
    result.unwrap_or_else(|_| {
        eprintln!("mews-yara: zygote failed");
        process::exit(WORKER_FAILED)
    })
}
