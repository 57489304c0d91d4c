//! A machine's control (QEMU: docs/interop/qmp-spec.txt): lets it go, hears what becomes of it, looks at its screen, presses keys.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::socket::{Carriers, Socket};
use crate::lab::LabError;
use crate::lab::line::Line;

/// How long QEMU may take to answer.
const ANSWER: Duration = Duration::from_secs(20);
/// Longest line of an answer: a screen takes 60 KiB.
const LINE_MOST: u64 = 1 << 20;
/// Where a screen adapter has its text, and how many characters: 32 KiB of characters and colours, through which the text scrolls.
const SCREEN: (u32, u32) = (0xb8000, 4000);
/// Characters of a line.
const COLUMNS: usize = 80;

/// What became of a machine by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fate {
    /// How often it began anew.
    pub resets: u32,
    /// Whether it switched itself off.
    pub off: bool,
    /// Whether QEMU has gone.
    pub gone: bool,
}

/// The control of a machine.
pub struct Control {
    held: tokio::sync::Mutex<Held>,
    fate: Rc<RefCell<Fate>>,
    listening: JoinHandle<()>,
    _carriers: Carriers,
}

/// What one order at a time uses.
struct Held {
    write: WriteHalf<DuplexStream>,
    heard: mpsc::UnboundedReceiver<Value>,
    // Number of the last order, which its answer has, too.
    last: u64,
}

impl Drop for Control {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Control {
    /// The control at a socket of the endpoint.
    ///
    /// # Errors
    /// As [`Socket::connect`], or somebody who is no QEMU.
    pub async fn open(line: &Line, path: &Path) -> Result<Self, LabError> {
        let Socket { read, write, carriers } = Socket::connect(line, path).await?;
        let fate = Rc::new(RefCell::new(Fate::default()));
        let (answers, heard) = mpsc::unbounded_channel();
        let listening = tokio::task::spawn_local(listen(read, fate.clone(), answers));
        let held = tokio::sync::Mutex::new(Held { write, heard, last: 0 });
        let control = Control { held, fate, listening, _carriers: carriers };
        control.order(json!({"execute": "qmp_capabilities"})).await?;
        Ok(control)
    }

    /// Lets a machine go that waits to be let go.
    ///
    /// # Errors
    /// What QEMU says.
    pub async fn go(&self) -> Result<(), LabError> {
        self.order(json!({"execute": "cont"})).await.map(drop)
    }

    /// What became of it so far.
    pub fn fate(&self) -> Fate {
        self.fate.borrow().clone()
    }

    /// Presses the Enter key.
    ///
    /// # Errors
    /// What QEMU says.
    pub async fn press_enter(&self) -> Result<(), LabError> {
        let keys = json!([{"type": "qcode", "data": "ret"}]);
        self.order(json!({"execute": "send-key", "arguments": {"keys": keys}})).await.map(drop)
    }

    /// The text on its screen; nothing of graphics.
    ///
    /// # Errors
    /// What QEMU says.
    pub async fn screen(&self) -> Result<String, LabError> {
        let (at, count) = SCREEN;
        let line = format!("xp /{count}hx {at:#x}");
        let arguments = json!({"command-line": line});
        let answer = self.order(json!({"execute": "human-monitor-command", "arguments": arguments})).await?;
        Ok(screen_text(answer.as_str().unwrap_or_default()))
    }

    /// Takes a network away that a machine's NICs reach; its NICs stay.
    ///
    /// # Errors
    /// What QEMU says.
    pub async fn cut(&self, network: &str) -> Result<(), LabError> {
        self.order(json!({"execute": "netdev_del", "arguments": {"id": network}})).await.map(drop)
    }

    async fn order(&self, mut order: Value) -> Result<Value, LabError> {
        let what = "the machine's control";
        let mut held = self.held.lock().await;
        held.last += 1;
        // Who gave the order before may not have waited for its answer.
        let number = Value::from(held.last);
        order["id"] = number.clone();
        let text = format!("{order}\n");
        held.write.write_all(text.as_bytes()).await.map_err(|err| LabError::backend(what, err))?;
        let answered = async {
            loop {
                match held.heard.recv().await {
                    Some(answer) if answer.get("id") != Some(&number) => {}
                    answer => return answer,
                }
            }
        };
        match tokio::time::timeout(ANSWER, answered).await {
            Ok(Some(answer)) => match answer.get("return") {
                Some(value) => Ok(value.clone()),
                None => Err(LabError::backend(what, answer.get("error").unwrap_or(&answer))),
            },
            Ok(None) => Err(LabError::backend(what, "QEMU has gone")),
            Err(_) => Err(LabError::TimedOut { what: what.to_owned(), limit: ANSWER, last: String::new() }),
        }
    }
}

async fn listen(from: ReadHalf<DuplexStream>, fate: Rc<RefCell<Fate>>, answers: mpsc::UnboundedSender<Value>) {
    let mut from = BufReader::new(from);
    loop {
        let mut line = Vec::new();
        match (&mut from).take(LINE_MOST).read_until(b'\n', &mut line).await {
            Ok(1..) => {}
            _ => break,
        }
        let Ok(said) = serde_json::from_slice::<Value>(&line) else { continue };
        match said.get("event").and_then(Value::as_str) {
            Some("RESET") => fate.borrow_mut().resets += 1,
            Some("SHUTDOWN") => fate.borrow_mut().off = true,
            Some(_) => {}
            // The greeting is no answer.
            None if said.get("QMP").is_some() => {}
            None => drop(answers.send(said)),
        }
    }
    fate.borrow_mut().gone = true;
}

/// The characters of a dump of a screen's memory, `address: 0x0720 0x0741 …`: the low byte of each is the character.
fn screen_text(dump: &str) -> String {
    let words = dump.lines().filter_map(|line| Some(line.split_once(':')?.1)).flat_map(str::split_whitespace);
    let letter = |word: &str| {
        let value = word.strip_prefix("0x").and_then(|digits| u16::from_str_radix(digits, 16).ok()).unwrap_or(0);
        let byte = value.to_le_bytes()[0];
        if matches!(byte, 0x20..=0x7e) { char::from(byte) } else { ' ' }
    };
    let letters: Vec<char> = words.map(letter).collect();
    let lines = letters.chunks(COLUMNS).map(|line| line.iter().collect::<String>().trim_end().to_owned());
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_is_its_characters_without_colours_and_empty_lines() {
        let mut words = vec!["0x0720"; 240];
        words[0] = "0x0768";
        words[1] = "0x1f69";
        words[160] = "0x0721";
        words[161] = "0x07c4";
        let dump: String = words.chunks(8).map(|line| format!("000b8000: {}\r\n", line.join(" "))).collect();
        assert_eq!(screen_text(&dump), "hi\n!");
        assert_eq!(screen_text("rubbish\nx: y"), "");
    }
}
