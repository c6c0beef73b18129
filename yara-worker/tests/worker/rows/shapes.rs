//! Whole rules as people write them: nothing that could filter is dropped.

use super::{rows, widened};

fn program(body: &[u8]) -> Vec<u8> {
    [b"MZ".as_slice(), &[0; 58], &[0x40, 0, 0, 0], b"PE\0\0", body].concat()
}

rows! {
    dropper: source
        r#"rule r {
            strings:
                $x1 = "cmd.exe /c ping" fullword ascii
                $s1 = "loader.dll" fullword wide
                $s2 = "Mozilla/4.0" ascii
                $s3 = "run" nocase
            condition:
                uint16(0) == 0x5a4d and filesize < 500KB and (1 of ($x*) or 2 of ($s*))
        }"#
        => "(@0=4d5a & [0..511999] & ('cmd.exe /c ping' | 2{6c006f0061006400650072002e0064006c006c00, \
            'Mozilla/4.0', ('run' | 'ruN' | 'rUn' | 'rUN' | 'Run' | 'RuN' | 'RUn' | 'RUN')}))",
        [program(b"cmd.exe /c ping"), program(&[widened("loader.dll"), b"Mozilla/4.0".to_vec()].concat())];
    opcodes: source
        "rule r {
            strings:
                $op1 = { 8B 4D ?? 8B 55 ?? 03 (C1 | CA) 8A 0? 34 [1-2] 88 }
                $op2 = { E8 [4] 83 C4 0C 85 C0 74 ?? 6A 00 }
            condition:
                all of them
        }"
        => "((<8b 4d ?? 8b 55 ?? 03 c0/f4 8a 0? 34 ?? 88> | <8b 4d ?? 8b 55 ?? 03 c0/f4 8a 0? 34 ?? ?? 88>) \
            & <e8 ?? ?? ?? ?? 83 c4 0c 85 c0 74 ?? 6a 00>)",
        [b"\x8b\x4d\x01\x8b\x55\x02\x03\xc1\x8a\x01\x34\x55\x88 \xe8aaaa\x83\xc4\x0c\x85\xc0\x74\x05\x6a\0"];
    header_string: source
        "rule r { strings: $mz = \"MZ\" $a = \"payload\" condition: $mz at 0 and #a > 3 and not filesize > 1MB }"
        => "(@0=4d5a & 'payload' & [0..1048576])", [b"MZpayload payload payload payload"];
    magic_of_several: source
        "rule r { strings: $a = \"secret\" condition: (uint32(0) == 0x464c457f or uint32be(0) == 0x504B0304) and $a }"
        => "((@0=7f454c46 | @0=504b0304) & 'secret')", [b"\x7fELF secret", b"PK\x03\x04secret"];
    key_behind_a_marker: source
        "rule r { strings: $a = \"KEY:\" condition: for any i in (1..#a) : (uint32be(@a[i] + 4) == 0xDEADBEEF) }"
        => "('KEY:' & deadbeef)", [b"KEY:xxxx KEY:\xde\xad\xbe\xef"];
    near_each_other: source
        "rule r { strings: $a = \"first one\" $b = \"second one\" condition: for any i in (1..#a) : \
         (for any j in (1..#b) : (@b[j] - @a[i] < 100 and @b[j] > @a[i])) }"
        => "('second one' & 'first one')", [b"first one second one"];
    any_behind_an_exception: source
        "rule r { strings: $a1 = \"alpha one\" $a2 = \"alpha two\" $fp = \"harmless\" \
         condition: any of ($a*) and not 1 of ($fp*) }"
        => "('alpha one' | 'alpha two')", [b"alpha two"];
    sum_of_counts: source
        "rule r { strings: $a = \"alpha\" $b = \"bravo\" $c = \"charlie\" condition: (#a + #b + #c) >= 3 }"
        => "('alpha' | 'bravo' | 'charlie')", [b"alpha bravo bravo"];
    shared_conditions: source
        "private rule is_pe { condition: uint16(0) == 0x5A4D and uint32(uint32(0x3C)) == 0x00004550 } \
         rule r { strings: $a = \"export me\" condition: is_pe and $a }"
        => "(@0=4d5a & 50450000 & 'export me')", [program(b"export me")];
    encoded_command: source
        "rule r { strings: $a = \"Invoke-Expression\" base64wide $b = \"IEX(\" wide ascii nocase condition: any of them }"
        => "(53005700350032006200320074006c004c0055005600 | .. 15", [widened("SW52b2tlLUV4cHJlc3Npb24="), b"iEx("];
    all_but_one: source
        "rule r { strings: $ = \"one of them\" $ = \"two of them\" $ = \"three of them\" condition: \
         for 2 of them : ($ in (0..1000)) }"
        => "2{'one of them', 'two of them', 'three of them'}", [b"two of them and one of them"];
}
