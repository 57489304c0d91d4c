//! Findings about fixes, on a scripted backend: one that edits nothing, and one whose edit the daemon does not heed.

use std::cell::Cell;
use std::rc::Rc;

use saiten::lab::scripted::Reply;

use crate::engine::{Lab, on_paused_time};

/// What a daemon's `show-config` prints, by whether its file was edited and whether it was activated since.
type Shown = fn(edited: bool, activated: bool) -> &'static str;

/// The findings of the arm with a fix that edits its file.
async fn findings(shown: Shown) -> Vec<String> {
    let (edited, activated) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
    let lab = Lab::new().reading("4", "0").answer(move |machine, line| {
        if !machine.contains("applied") {
            return None;
        }
        match line {
            "mend-it" => edited.set(true),
            "restart-daemon" => activated.set(edited.get()),
            "tail /etc/daemon.conf" => {
                return Some(Reply::prints(if edited.get() { "x\nmended yes\n" } else { "x\n" }));
            }
            "show-config" => return Some(Reply::prints(shown(edited.get(), activated.get()))),
            _ => return None,
        }
        Some(Reply::default())
    });
    let outcome = lab.run().await;
    let applied = &outcome.arms[0][1];
    assert!(applied.edits[0].diff.contains("+mended yes"), "{}", applied.edits[0].diff);
    applied.findings.iter().map(|finding| finding.id.clone()).collect()
}

#[test]
fn a_fix_that_edits_nothing_is_a_finding() {
    on_paused_time(async {
        let outcome = Lab::new().reading("4", "0").run().await;
        assert!(outcome.arms[0][1].findings.iter().any(|finding| finding.id == "finding-nothing-changed"));
    });
}

#[test]
fn an_edit_without_effect_is_a_finding_whether_the_daemon_tells_of_its_file_or_of_itself() {
    on_paused_time(async {
        let heeded: [(&str, Shown); 3] = [
            ("reads its file", |edited, _| if edited { "mended yes" } else { "mended no" }),
            ("tells of itself", |_, activated| if activated { "mended yes" } else { "mended no" }),
            (
                "tells of itself, and when",
                |_, activated| {
                    if activated { "# at ten\nmended yes" } else { "# at nine\nmended no" }
                },
            ),
        ];
        for (how, shown) in heeded {
            assert_eq!(findings(shown).await, [""; 0], "{how}");
        }
        let unheeded: [(&str, Shown); 2] = [
            ("another line of the file wins", |_, _| "mended no"),
            ("another file wins, and it says when", |_, activated| {
                if activated { "# at ten\nmended no" } else { "# at nine\nmended no" }
            }),
        ];
        for (how, shown) in unheeded {
            assert_eq!(findings(shown).await, ["finding-configuration-same"], "{how}");
        }
    });
}
