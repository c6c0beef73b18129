//! The walls, tried from inside: a copy of this test program enters the sandbox
//! and does what an attacker would.

use std::process::Command;

use mews_yara::engine::{self, Warm};
use mews_yara::sandbox;

const CHILD: &str = "MEWS_SANDBOX_CHILD";

#[test]
fn nothing_but_the_pipe_is_left() {
    if !crate::client::Worker::start().hello["walls"].as_array().unwrap().iter().all(|w| w["up"] == true) {
        eprintln!("this kernel lacks a wall; nothing to try");
        return;
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sandbox::inside", "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned() + &String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && said.contains("walls hold"), "{} {said}", child.status);
}

/// Runs only in the child; elsewhere it has nothing to do.
#[test]
fn inside() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let own = std::env::current_exe().unwrap();
    let walls = sandbox::inner(sandbox::outer(), || Warm::new().start_heartbeat());
    assert!(walls.iter().all(|w| w.up), "{walls:?}");
    let mut open = Vec::new();
    let mut attempt = |what: &'static str, worked: bool| {
        if worked {
            open.push(what);
        }
    };
    attempt("read a file", std::fs::File::open(&own).is_ok());
    attempt("list a folder", std::fs::read_dir("/").is_ok());
    attempt("create a file", std::fs::File::create("/tmp/mews-yara-escape").is_ok());
    attempt("connect", std::net::TcpStream::connect("127.0.0.1:9").is_ok_and(|_| true));
    attempt("open a socket", std::net::UdpSocket::bind("127.0.0.1:0").is_ok());
    attempt("start a thread", std::thread::Builder::new().spawn(|| {}).is_ok());
    attempt("start a program", Command::new(&own).spawn().is_ok());
    attempt("map executable memory", map(libc::PROT_READ | libc::PROT_EXEC).is_some());
    attempt("signal the parent", signal_parent());
    attempt("raise a limit", rlimit::Resource::NOFILE.set(64, 64).is_ok());
    let room = map(libc::PROT_READ | libc::PROT_WRITE).expect("plain memory is allowed");
    attempt("make memory executable", executable(room));
    assert!(open.is_empty(), "open: {open:?}");
    // Scanning still works, its timeout too.
    let source = mews_yara::source::Source::new("rule r { strings: $a = \"a\" condition: #a > 1 }");
    let compiled = engine::compile(&source, &Default::default()).unwrap();
    let verdict = engine::Scan::new(&compiled, Default::default()).file(1, b"aaa");
    assert_eq!(verdict.outcome, mews_yara::message::Outcome::Match);
    println!("walls hold");
}

const PAGE: usize = 4096;

fn map(prot: i32) -> Option<*mut libc::c_void> {
    // SAFETY: an anonymous mapping at an address of the kernel's choice.
    let at = unsafe {
        libc::mmap(std::ptr::null_mut(), PAGE, prot, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)
    };
    (at != libc::MAP_FAILED).then_some(at)
}

fn executable(at: *mut libc::c_void) -> bool {
    // SAFETY: the page was mapped above and nothing else uses it.
    unsafe { libc::mprotect(at, PAGE, libc::PROT_READ | libc::PROT_EXEC) == 0 }
}

fn signal_parent() -> bool {
    // SAFETY: signal 0 only asks whether a signal could be sent.
    unsafe { libc::kill(libc::getppid(), 0) == 0 }
}
