//! A parent for the real program.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Instant;

use mews_yara::frame::{self, Kind};
use mews_yara::message::File;
use serde_json::{Value, json};

pub struct Worker {
    child: Child,
    to: Option<ChildStdin>,
    from: ChildStdout,
    pub hello: Value,
}

impl Worker {
    pub fn start() -> Worker {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mews-yara"))
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take(), child.stdout.take().unwrap());
        let mut worker = Worker { child, to, from, hello: Value::Null };
        let (kind, hello) = worker.receive().unwrap();
        assert_eq!(kind, Kind::Hello);
        worker.hello = hello;
        worker
    }

    /// A worker with these rules compiled.
    pub fn ready(source: &str) -> Worker {
        let mut worker = Worker::start();
        let (kind, reply) = worker.rules(json!({"source": source}));
        assert_eq!(kind, Kind::Ready, "{reply}");
        worker
    }

    /// Sends a frame; a worker that has gone away is no error here.
    pub fn send(&mut self, kind: Kind, payload: &[u8]) {
        if let Some(to) = &mut self.to {
            let _ = frame::write(to, kind, payload);
        }
    }

    pub fn send_raw(&mut self, bytes: &[u8]) {
        let _ = self.to.as_mut().unwrap().write_all(bytes);
    }

    pub fn send_json(&mut self, kind: Kind, value: &Value) {
        self.send(kind, value.to_string().as_bytes());
    }

    /// The next frame; `None` when the worker has closed its side. CLEAN is shown
    /// as the RESULT that it stands for.
    pub fn receive(&mut self) -> Option<(Kind, Value)> {
        let (kind, len) = frame::read_header(&mut self.from).ok()??;
        let mut payload = Vec::new();
        frame::read_payload(&mut self.from, len, &mut payload).ok()?;
        if kind == Kind::Clean {
            let id = u64::from_le_bytes(payload[..8].try_into().unwrap());
            let verdict = json!({"id": id, "outcome": "no_match", "reason": "", "rules": [], "capped": []});
            return Some((Kind::Result, verdict));
        }
        Some((kind, serde_json::from_slice(&payload).unwrap()))
    }

    pub fn rules(&mut self, rules: Value) -> (Kind, Value) {
        self.send_json(Kind::Rules, &rules);
        self.receive().expect("worker died on RULES")
    }

    pub fn send_file(&mut self, id: u64, data: &[u8]) {
        self.send(Kind::File, &File { id, size: data.len() as u64 }.encode());
        for chunk in data.chunks(frame::MAX_DATA) {
            self.send(Kind::Data, chunk);
        }
    }

    pub fn try_scan(&mut self, data: &[u8]) -> Option<Value> {
        self.send_file(7, data);
        let (kind, reply) = self.receive()?;
        assert_eq!(kind, Kind::Result);
        assert_eq!(reply["id"], 7);
        Some(reply)
    }

    pub fn scan(&mut self, data: &[u8]) -> Value {
        self.try_scan(data).expect("worker died on FILE")
    }

    /// Closes the pipe to the worker.
    pub fn finish(&mut self) {
        self.to = None;
    }

    pub fn close(&mut self) -> (ExitStatus, String) {
        self.to = None;
        let mut said = String::new();
        let _ = self.child.stderr.take().unwrap().read_to_string(&mut said);
        (self.child.wait().unwrap(), said)
    }

    /// Whether the worker is still running `seconds` after `since`; if so it is
    /// killed, as the parent's own timer would.
    pub fn overruns(&mut self, since: Instant, seconds: u64) -> bool {
        while since.elapsed().as_secs() < seconds {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        self.child.kill().unwrap();
        true
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.to = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
