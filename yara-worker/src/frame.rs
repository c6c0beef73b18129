//! Frames on the pipe: `u32 length (little endian) | u8 type | payload`.
//!
//! The reader is strict: a wrong type, an oversized length or a cut frame is a
//! broken protocol, never something to skip.

use std::io::{self, Read, Write};

/// Largest JSON payload in either direction.
pub const MAX_CONTROL: usize = 8 << 20;
/// Largest DATA payload.
pub const MAX_DATA: usize = 1 << 20;
/// Largest RESULT payload.
pub const MAX_RESULT: usize = 1 << 20;
/// Payload of FILE: id and size.
pub const FILE_BYTES: usize = 16;
/// Payload of CLEAN: id and CPU time.
pub const CLEAN_BYTES: usize = 12;

/// What a frame carries; the numbers are those of docs/format/worker.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Hello = 1,
    Rules = 2,
    Ready = 3,
    Reject = 4,
    File = 5,
    Data = 6,
    Result = 7,
    Bye = 8,
    Clean = 9,
    Describe = 10,
    Facts = 11,
}

impl Kind {
    /// The kind with this number, if there is one.
    pub fn of(byte: u8) -> Option<Kind> {
        Some(match byte {
            1 => Kind::Hello,
            2 => Kind::Rules,
            3 => Kind::Ready,
            4 => Kind::Reject,
            5 => Kind::File,
            6 => Kind::Data,
            7 => Kind::Result,
            8 => Kind::Bye,
            9 => Kind::Clean,
            10 => Kind::Describe,
            11 => Kind::Facts,
            _ => return None,
        })
    }

    fn max(self) -> usize {
        match self {
            Kind::Data => MAX_DATA,
            Kind::Result | Kind::Facts => MAX_RESULT,
            Kind::Bye => 0,
            Kind::File => FILE_BYTES,
            Kind::Clean => CLEAN_BYTES,
            _ => MAX_CONTROL,
        }
    }
}

/// Why the conversation cannot go on.
#[derive(Debug)]
pub enum Broken {
    /// The other side broke the protocol; the text names the rule, not the input.
    Protocol(&'static str),
    /// The pipe failed.
    Pipe(io::Error),
}

impl From<io::Error> for Broken {
    fn from(err: io::Error) -> Self {
        Broken::Pipe(err)
    }
}

/// Reads one header; `None` when the pipe is closed between two frames.
pub fn read_header(r: &mut impl Read) -> Result<Option<(Kind, usize)>, Broken> {
    let mut head = [0u8; 5];
    let mut got = 0;
    while got < head.len() {
        match r.read(&mut head[got..]) {
            Ok(0) if got == 0 => return Ok(None),
            Ok(0) => return Err(Broken::Protocol("frame header cut short")),
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    let len = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
    let kind = Kind::of(head[4]).ok_or(Broken::Protocol("unknown frame type"))?;
    if len > kind.max() {
        return Err(Broken::Protocol("frame too long"));
    }
    Ok(Some((kind, len)))
}

/// Appends exactly `len` payload bytes to `out`.
pub fn read_payload(r: &mut impl Read, len: usize, out: &mut Vec<u8>) -> Result<(), Broken> {
    let start = out.len();
    out.resize(start + len, 0);
    r.read_exact(&mut out[start..]).map_err(|e| match e.kind() {
        io::ErrorKind::UnexpectedEof => Broken::Protocol("frame cut short"),
        _ => Broken::Pipe(e),
    })
}

/// Writes one frame and flushes it.
pub fn write(w: &mut impl Write, kind: Kind, payload: &[u8]) -> Result<(), Broken> {
    if payload.len() > kind.max() {
        return Err(Broken::Protocol("reply too long"));
    }
    let mut head = [0u8; 5];
    head[..4].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    head[4] = kind as u8;
    w.write_all(&head)?;
    w.write_all(payload)?;
    w.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        let mut pipe = Vec::new();
        write(&mut pipe, Kind::Data, b"abc").unwrap();
        write(&mut pipe, Kind::Bye, b"").unwrap();
        let mut r = &pipe[..];
        assert_eq!(read_header(&mut r).unwrap(), Some((Kind::Data, 3)));
        let mut got = Vec::new();
        read_payload(&mut r, 3, &mut got).unwrap();
        assert_eq!(got, b"abc");
        assert_eq!(read_header(&mut r).unwrap(), Some((Kind::Bye, 0)));
        assert_eq!(read_header(&mut r).unwrap(), None);
    }

    #[test]
    fn broken_frames_are_refused() {
        for bad in [
            &[0u8, 0, 0][..],
            &[0, 0, 0, 0, 99],
            &[0, 0, 0, 0, 0],
            &[1, 0, 0, 0, 8],
            &[1, 0, 16, 0, 6],
            &[1, 0, 128, 0, 2],
            &[17, 0, 0, 0, 5],
        ] {
            assert!(matches!(read_header(&mut &bad[..]), Err(Broken::Protocol(_))), "{bad:?}");
        }
        let mut out = Vec::new();
        assert!(matches!(read_payload(&mut &b"ab"[..], 3, &mut out), Err(Broken::Protocol(_))));
    }
}
