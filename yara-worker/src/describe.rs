//! Facts: what the engine's own modules say of a file, as `name = value`.
//!
//! A fact is made by the engine itself: one rule per field hands the field's
//! value to `console.log`, so a fact is exactly what a comparison in a rule would
//! see. The planner asks for the same fields by the same names.
//!
//! A file that no module accepts has the facts of the empty file. They are left
//! out everywhere: nobody stores them and no plan asks for them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::rc::Rc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use yara_x::{Compiler, Scanner};

use crate::engine;
use crate::frame::{Broken, Kind};
use crate::message::{ENGINE, Limits, MODULES};
use crate::sandbox::cpu_time;
use crate::worker::{KEEP_BUFFER, next_file, receive, send};

/// Whether the field is a flag. Only one that is up is a fact.
pub fn is_flag(name: &str) -> bool {
    name.rsplit('.').next().is_some_and(|last| last.starts_with("is_"))
}

/// Longest value of a fact; longer ones are no facts.
pub const MAX_VALUE: usize = 256;
/// Longest name of a fact.
const MAX_NAME: usize = 64;
/// Values that one file may have. A file with more is not described.
const MAX_FACTS: usize = 512;

/// How a field's values are reached.
#[derive(Clone, Copy, PartialEq)]
enum Reach {
    /// The field itself.
    Field,
    /// A function without arguments. Functions give digests and flags, which are
    /// compared without case.
    Call,
    /// A member of each item of a list; the name is the list's and the member's.
    Member,
    /// Each item of a list.
    Item,
    /// The values of a map; the key becomes the last part of the name.
    Map,
}

use Reach::{Call, Field, Item, Map, Member};

/// A described field. Broad ones have values that a large part of any corpus
/// shares.
pub struct Described {
    pub name: &'static str,
    reach: Reach,
    pub broad: bool,
}

impl Described {
    /// Whether values are kept in lower case.
    pub fn folds(&self) -> bool {
        self.reach == Call
    }
}

const fn broad(name: &'static str, reach: Reach) -> Described {
    Described { name, reach, broad: true }
}

const fn rare(name: &'static str, reach: Reach) -> Described {
    Described { name, reach, broad: false }
}

/// The fields that public rules compare with `==`.
const FIELDS: [Described; 54] = [
    broad("pe.is_pe", Field),
    broad("pe.machine", Field),
    broad("pe.subsystem", Field),
    broad("pe.number_of_sections", Field),
    broad("pe.number_of_signatures", Field),
    broad("pe.number_of_exports", Field),
    broad("pe.number_of_imports", Field),
    rare("pe.timestamp", Field),
    rare("pe.checksum", Field),
    rare("pe.entry_point", Field),
    rare("pe.export_timestamp", Field),
    rare("pe.resource_timestamp", Field),
    rare("pe.dll_name", Field),
    rare("pe.pdb_path", Field),
    rare("pe.imphash", Call),
    broad("pe.is_dll", Call),
    broad("pe.is_32bit", Call),
    broad("pe.is_64bit", Call),
    rare("pe.signatures.serial", Member),
    rare("pe.signatures.thumbprint", Member),
    rare("pe.signatures.issuer", Member),
    rare("pe.signatures.subject", Member),
    rare("pe.version_info", Map),
    broad("elf.type", Field),
    broad("elf.machine", Field),
    broad("elf.number_of_sections", Field),
    broad("elf.number_of_segments", Field),
    rare("elf.import_md5", Call),
    rare("elf.telfhash", Call),
    broad("macho.cputype", Field),
    broad("macho.filetype", Field),
    broad("macho.fat_magic", Field),
    rare("macho.uuid", Field),
    rare("macho.dylib_hash", Call),
    rare("macho.entitlement_hash", Call),
    rare("macho.export_hash", Call),
    rare("macho.import_hash", Call),
    rare("macho.symhash", Call),
    broad("dotnet.is_dotnet", Field),
    broad("dotnet.version", Field),
    rare("dotnet.module_name", Field),
    rare("dotnet.typelib", Field),
    rare("dotnet.assembly.name", Field),
    rare("dotnet.guids", Item),
    broad("dex.is_dex", Field),
    broad("dex.header.version", Field),
    rare("dex.header.signature", Field),
    broad("lnk.is_lnk", Field),
    rare("lnk.drive_serial_number", Field),
    rare("lnk.volume_label", Field),
    rare("lnk.local_base_path", Field),
    rare("lnk.relative_path", Field),
    rare("lnk.cmd_line_args", Field),
    rare("lnk.tracker_data.machine_id", Field),
];

/// The field with this name; a map's name has its key behind it.
pub fn field(name: &str) -> Option<&'static Described> {
    FIELDS.iter().find(|f| match f.reach {
        Map => name.strip_prefix(f.name).is_some_and(|key| key.len() > 1 && key.starts_with('.')),
        _ => name == f.name,
    })
}

/// Facts of files that no module accepts: the digest of no import at all.
pub const COMMON: [(&str, &str); 1] = [("elf.import_md5", "d41d8cd98f00b204e9800998ecf8427e")];

/// Whether files that no module accepts have this fact.
pub fn is_common(name: &str, value: &str) -> bool {
    COMMON.contains(&(name, value))
}

/// How the files begin that a module may accept; none for a module that is not
/// described. Whatever begins otherwise has the common facts only.
pub fn starts(module: &str) -> &'static [&'static [u8]] {
    match module {
        "pe" | "dotnet" => &[b"MZ"],
        "elf" => &[b"\x7fELF"],
        "macho" => &[
            b"\xfe\xed\xfa\xce",
            b"\xce\xfa\xed\xfe",
            b"\xfe\xed\xfa\xcf",
            b"\xcf\xfa\xed\xfe",
            b"\xca\xfe\xba\xbe",
            b"\xbe\xba\xfe\xca",
            b"\xca\xfe\xba\xbf",
            b"\xbf\xba\xfe\xca",
        ],
        "dex" => &[b"dex\n"],
        "lnk" => &[b"L\0\0\0"],
        _ => &[],
    }
}

/// Whether a fact of this name and value would be kept, apart from those that
/// every file has.
pub fn fits(name: &str, value: &str) -> bool {
    let named = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
    name.len() <= MAX_NAME && name.chars().all(named) && value.len() <= MAX_VALUE
}

/// The rules that hand out the fields, in the order of the table.
fn rules() -> String {
    let mut text = String::from("import \"console\"\n");
    for module in MODULES.iter().filter(|m| FIELDS.iter().any(|f| module_of(f.name) == **m)) {
        let _ = writeln!(text, "import \"{module}\"");
    }
    for (i, f) in FIELDS.iter().enumerate() {
        let name = f.name;
        let (list, member) = name.rsplit_once('.').unwrap_or((name, ""));
        let condition = match f.reach {
            Field => format!("console.log(\"{i}=\", {name})"),
            Call => format!("console.log(\"{i}=\", {name}())"),
            Member => format!("for any x in {list} : (console.log(\"{i}=\", x.{member}) and filesize < 0)"),
            Item => format!("for any x in {name} : (console.log(\"{i}=\", x) and filesize < 0)"),
            Map => format!(
                "for any k, v in {name} : (console.log(\"{i}.\", k) and console.log(\"{i}=\", v) and filesize < 0)"
            ),
        };
        let _ = writeln!(text, "rule r{i} {{ condition: {condition} }}");
    }
    text
}

fn module_of(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// Names the engine and the table: facts of another version are not comparable.
pub fn version() -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(format!("{ENGINE}\n{MAX_VALUE} {MAX_FACTS}\n{}", rules()));
    digest[..8].iter().map(|b| format!("{b:02x}")).collect()
}

pub type Fact = (String, String);

/// Makes facts of one file after another. A process needs one at most: its rules
/// stay until the end.
pub struct Describer {
    rules: &'static yara_x::Rules,
    seconds: u64,
    log: Rc<RefCell<Log>>,
    scanner: Scanner<'static>,
}

impl Describer {
    pub fn new(seconds: u64) -> Option<Describer> {
        let rules: &'static yara_x::Rules = Box::leak(Box::new(compiled(&rules())?));
        let log = Rc::default();
        let scanner = scanner(rules, seconds, &log);
        Some(Describer { rules, seconds, log, scanner })
    }

    /// The facts of a file, each once, without the common ones.
    pub fn facts(&mut self, data: &[u8]) -> Result<BTreeSet<Fact>, &'static str> {
        self.log.take();
        if let Err(err) = self.scanner.scan(data).map(|_| ()) {
            let reason = engine::failure(&err);
            // A scan that was cut off leaves its scanner in an unknown state.
            self.scanner = scanner(self.rules, self.seconds, &self.log);
            return Err(reason);
        }
        let log = self.log.take();
        if log.full {
            return Err("too many facts");
        }
        Ok(facts_of(&log.lines))
    }
}

/// What rules have logged about one file.
#[derive(Default)]
struct Log {
    lines: Vec<String>,
    full: bool,
}

fn compiled(source: &str) -> Option<yara_x::Rules> {
    let mut compiler = Compiler::new();
    compiler
        .enable_includes(false)
        .relaxed_re_syntax(false)
        .condition_optimization(false)
        .colorize_errors(false);
    compiler.add_source(source).ok()?;
    Some(compiler.build())
}

fn scanner<'r>(rules: &'r yara_x::Rules, seconds: u64, log: &Rc<RefCell<Log>>) -> Scanner<'r> {
    let log = Rc::clone(log);
    let mut scanner = Scanner::new(rules);
    scanner.set_timeout(Duration::from_secs(seconds)).use_mmap(false).console_log(move |line| {
        let mut log = log.borrow_mut();
        match log.lines.len() < MAX_FACTS {
            true => log.lines.push(line),
            false => log.full = true,
        }
    });
    scanner
}

/// Facts from lines `index=value`; for a map, `index.key` stands before them.
fn facts_of(lines: &[String]) -> BTreeSet<Fact> {
    let mut out = BTreeSet::new();
    let mut key = "";
    for line in lines {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        let (Ok(i), Some(value)) = (line[..digits].parse::<usize>(), line.get(digits + 1..)) else {
            continue;
        };
        let Some(field) = FIELDS.get(i) else { continue };
        if line.as_bytes()[digits] == b'.' {
            key = value;
            continue;
        }
        let name = if field.reach == Map { format!("{}.{key}", field.name) } else { field.name.to_string() };
        let value = if field.folds() { value.to_ascii_lowercase() } else { value.to_string() };
        let down = is_flag(field.name) && value == "false";
        if fits(&name, &value) && !is_common(&name, &value) && !down {
            out.insert((name, value));
        }
    }
    out
}

/// The wish to have files described.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Describe {
    #[serde(default)]
    pub limits: Limits,
}

/// The facts of one file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Facts {
    pub id: u64,
    /// Empty when the facts are complete, else why there are none.
    pub reason: String,
    pub cpu_ms: u64,
    pub facts: Vec<Fact>,
}

/// The rest of a conversation that began with DESCRIBE.
pub fn serve(r: &mut impl Read, w: &mut impl Write, len: usize) -> Result<(), Broken> {
    let wish: Describe = receive(r, len)?;
    if !wish.limits.valid() {
        return Err(Broken::Protocol("limit out of range"));
    }
    let mut describer =
        Describer::new(wish.limits.file_seconds).ok_or(Broken::Protocol("the engine refuses the facts"))?;
    let mut data = Vec::new();
    while let Some(id) = next_file(r, wish.limits, &mut data)? {
        let started = cpu_time();
        let described = describer.facts(&data);
        let cpu_ms = cpu_time().saturating_sub(started).as_micros().div_ceil(1_000) as u64;
        let (reason, facts) = match described {
            Ok(facts) => (String::new(), facts.into_iter().collect()),
            Err(reason) => (reason.to_string(), vec![]),
        };
        send(w, Kind::Facts, &Facts { id, reason, cpu_ms, facts })?;
        data.clear();
        data.shrink_to(KEEP_BUFFER);
    }
    Ok(())
}
