//! A model of the kernel's filter machine: the instructions that seccompiler emits and the order of verdicts.

use libc::c_long;
use seccompiler::{BpfProgram, sock_filter};

/// A call as filters see it.
pub struct Call {
    pub architecture: u32,
    pub number: c_long,
    pub arguments: [u64; 6],
}

impl Call {
    /// A call by the ABI of this processor.
    pub fn native(number: c_long, arguments: [u64; 6]) -> Self {
        let architecture = if cfg!(target_arch = "x86_64") { 0xc000_003e } else { 0xc000_00b7 };
        Self { architecture, number, arguments }
    }

    /// The word at a byte offset of `struct seccomp_data`, on a little-endian processor.
    fn word(&self, offset: u32) -> u32 {
        let low = |value: u64| (value & 0xffff_ffff) as u32;
        match offset {
            0 => low(self.number.cast_unsigned()),
            4 => self.architecture,
            16..64 => {
                let value = self.arguments[(offset as usize - 16) / 8];
                if offset.is_multiple_of(8) { low(value) } else { low(value >> 32) }
            }
            _ => panic!("load at {offset}"),
        }
    }
}

/// What becomes of a call.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Kill,
    Errno(i32),
    Allow,
}

/// The verdict of all programs: the least action wins; among equals the newest program's value (seccomp(2)).
pub fn verdict(oldest_first: &[BpfProgram], call: &Call) -> Verdict {
    let mut strictest = 0x7fff_0000;
    for program in oldest_first.iter().rev() {
        let value = run(program, call);
        // The kernel compares actions as signed numbers, which puts 0x8000_0000 (kill the process) first.
        if (value & 0xffff_0000).cast_signed() < (strictest & 0xffff_0000_u32).cast_signed() {
            strictest = value;
        }
    }
    match strictest & 0xffff_0000 {
        0x8000_0000 => Verdict::Kill,
        0x0005_0000 => Verdict::Errno((strictest & 0xffff) as i32),
        0x7fff_0000 => Verdict::Allow,
        other => panic!("action {other:#x}"),
    }
}

fn run(program: &[sock_filter], call: &Call) -> u32 {
    let (mut accumulator, mut at) = (0, 0);
    loop {
        let instruction = &program[at];
        at += 1;
        let mut jump = |met: bool| at += usize::from(if met { instruction.jt } else { instruction.jf });
        match instruction.code {
            0x20 => accumulator = call.word(instruction.k),
            0x54 => accumulator &= instruction.k,
            0x05 => at += instruction.k as usize,
            0x15 => jump(accumulator == instruction.k),
            0x25 => jump(accumulator > instruction.k),
            0x35 => jump(accumulator >= instruction.k),
            0x06 => return instruction.k,
            other => panic!("instruction {other:#x}"),
        }
    }
}
