//! Files that modules accept: small ones made here, and benign ones that happen
//! to be on the machine. `MEWS_FILES` names a folder with more.

use std::fs;
use std::path::Path;

use crate::random::Rng;

const FROM_DISK: usize = 40;
const LOOKED_AT: usize = 60_000;
const LONGEST: usize = 96 << 10;

/// Some files of every described kind.
pub fn accepted() -> Vec<Vec<u8>> {
    let mut out = vec![pe(0x14c, 0x10b), pe(0x8664, 0x20b), macho(), fat_macho(), dex(), lnk()];
    let mut left = LOOKED_AT;
    for root in ["/usr/bin", "/usr/lib/python3", "/usr/lib/python3.11", "/usr/lib", "/usr/share"] {
        collect(Path::new(root), 8, &mut left, &mut out, FROM_DISK);
    }
    if let Ok(folder) = std::env::var("MEWS_FILES") {
        collect(Path::new(&folder), 8, &mut usize::MAX.clone(), &mut out, usize::MAX);
    }
    assert!(out.iter().any(|f| f.starts_with(b"\x7fELF")), "no program on this machine");
    out
}

/// Takes the first program of each folder, and every file of a rarer kind.
fn collect(folder: &Path, depth: usize, left: &mut usize, out: &mut Vec<Vec<u8>>, most: usize) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut programs = 0;
    for path in entries.flatten().map(|e| e.path()) {
        if out.len() >= most || *left == 0 {
            return;
        }
        *left -= 1;
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        if meta.is_dir() && depth > 0 {
            collect(&path, depth - 1, left, out, most);
        }
        if !meta.is_file() || meta.len() > 4 << 20 {
            continue;
        }
        let Some(mut data) = read(&path) else { continue };
        if data.starts_with(b"\x7fELF") {
            programs += 1;
            if programs > 2 {
                continue;
            }
        }
        data.truncate(LONGEST);
        out.push(data);
    }
}

/// The file, if its name or its first bytes tell of a kind that is wanted.
fn read(path: &Path) -> Option<Vec<u8>> {
    use std::io::Read;
    let mut head = [0; 4];
    fs::File::open(path).ok()?.read_exact(&mut head).ok()?;
    let wanted = ["pe", "elf", "dex", "lnk"].iter().flat_map(|m| mews_yara::describe::starts(m).iter());
    let macho =
        &head != b"\xca\xfe\xba\xbe" && mews_yara::describe::starts("macho").iter().any(|s| *s == head);
    (macho || wanted.into_iter().any(|s| head.starts_with(s))).then(|| fs::read(path).ok()).flatten()
}

/// The file with some bytes changed, cut off or repeated.
pub fn mutated(rng: &mut Rng, data: &[u8]) -> Vec<u8> {
    let mut out = data.to_vec();
    let near = if rng.chance(70) { 1024.min(out.len()) } else { out.len() };
    for _ in 0..1 + rng.below(6) {
        if near == 0 || out.is_empty() {
            break;
        }
        let at = rng.below(near.min(out.len()) as u64) as usize;
        match rng.below(8) {
            0 => out.truncate(at.max(1)),
            1 => out[at] = rng.next() as u8,
            2 => out[at] = 0,
            3 => out[at] = 0xff,
            4 => {
                let end = (at + 1 + rng.below(64) as usize).min(out.len());
                let piece = out[at..end].to_vec();
                out.splice(at..at, piece);
            }
            _ => out[at] ^= 1 << rng.below(8),
        }
    }
    out
}

fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    out[at..at + bytes.len()].copy_from_slice(bytes);
}

/// A Windows program with one section and nothing in it.
fn pe(machine: u16, magic: u16) -> Vec<u8> {
    let mut b = vec![0; 1024];
    put(&mut b, 0, b"MZ");
    put(&mut b, 0x3c, &0x80u32.to_le_bytes());
    put(&mut b, 0x80, b"PE\0\0");
    put(&mut b, 0x84, &machine.to_le_bytes());
    put(&mut b, 0x86, &1u16.to_le_bytes());
    put(&mut b, 0x88, &0x5eed_5eedu32.to_le_bytes());
    put(&mut b, 0x94, &0xf0u16.to_le_bytes());
    put(&mut b, 0x96, &0x2022u16.to_le_bytes());
    put(&mut b, 0x98, &magic.to_le_bytes());
    put(&mut b, 0x98 + 16, &0x1000u32.to_le_bytes());
    put(&mut b, 0x98 + 32, &0x1000u32.to_le_bytes());
    put(&mut b, 0x98 + 36, &0x200u32.to_le_bytes());
    put(&mut b, 0x98 + 68, &2u16.to_le_bytes());
    let section = 0x98 + 0xf0;
    put(&mut b, section, b".text");
    put(&mut b, section + 8, &[0x10u32, 0x1000, 0x200, 0x200].map(u32::to_le_bytes).concat());
    b
}

/// A thin program for a Mac, without commands.
fn macho() -> Vec<u8> {
    let mut b = [0xfeed_facfu32, 0x0100_0007, 3, 2, 0, 0, 0x85, 0].map(u32::to_le_bytes).concat();
    b.resize(256, 0);
    b
}

fn fat_macho() -> Vec<u8> {
    let mut b = [0xcafe_babeu32, 1, 0x0100_0007, 3, 64, 256, 0].map(u32::to_be_bytes).concat();
    b.resize(64, 0);
    b.extend(macho());
    b
}

fn dex() -> Vec<u8> {
    let mut b = b"dex\n035\0".to_vec();
    b.extend([0x11u8; 24]);
    b.extend([112u32, 0x70, 0x1234_5678, 0, 0].map(u32::to_le_bytes).concat());
    b.resize(112, 0);
    b
}

fn lnk() -> Vec<u8> {
    let mut b = b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F".to_vec();
    b.extend(0x0000_0010u32.to_le_bytes());
    b.resize(76, 0);
    b.extend([5, 0]);
    b.extend(b"a.exe");
    b.resize(128, 0);
    b
}
