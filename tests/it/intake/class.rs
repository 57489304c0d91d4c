//! Classes: who handed in, in every form that platforms export, with and without a roster.

use std::collections::BTreeSet;
use std::time::Instant;

use super::archives::Raw;
use super::*;

/// Names and keys of everybody, by name, and whether something came.
fn people(intake: &Intake) -> Vec<(&str, &str, bool)> {
    let all = intake.handings.iter();
    let mut all: Vec<_> = all
        .map(|handing| (handing.student.name.as_str(), handing.student.key.as_str(), handing.entry.is_some()))
        .collect();
    all.sort_unstable();
    all
}

/// The class in a directory, a zip, a tar and a tgz, whose students must be the same.
fn everywhere(entries: &[Raw], roster: Option<&Roster>, look: impl Fn(&Intake)) {
    let dir = tempfile::tempdir().unwrap();
    let class = dir.path().join("class");
    fs::create_dir(&class).unwrap();
    entries.iter().for_each(|entry| write(&class, str::from_utf8(&entry.name).unwrap(), &entry.content));
    look(&open(&class, roster, &limits()).unwrap());
    let mut turned = entries.to_vec();
    turned.reverse();
    let packed: Vec<Raw> = entries
        .iter()
        .map(|entry| Raw { name: [b"class/", entry.name.as_slice()].concat(), ..entry.clone() })
        .collect();
    for (name, bytes) in [
        ("class.zip", zip(entries)),
        ("turned.zip", zip(&turned)),
        ("class.tar", tar(entries)),
        ("class.tgz", tgz(&turned)),
        ("class.tar.gz", tgz(&packed)),
    ] {
        fs::write(dir.path().join(name), bytes).unwrap();
        look(&open(&dir.path().join(name), roster, &limits()).unwrap());
    }
}

#[test]
fn three_hundred_students_in_every_form() {
    let inner = zip(&[file("server.sh", SCRIPT)]);
    let entries: Vec<Raw> = (0..300)
        .map(|n| match n % 3 {
            0 => file(&format!("s{n:03}/server.sh"), SCRIPT),
            1 => file(&format!("s{n:03}.zip"), &inner),
            _ => file(&format!("s{n:03}.tgz"), &tgz(&[file("hw/server.sh", SCRIPT)])),
        })
        .collect();
    let text: String =
        std::iter::once("id,name\n".to_owned()).chain((0..301).map(|n| format!("S{n:03},Student {n}\n"))).collect();
    let roster = roster(&text);
    everywhere(&entries, Some(&roster), |intake| {
        let began = Instant::now();
        assert_eq!(intake.handings.len(), 301);
        let keys: Vec<&str> = intake.handings.iter().map(|handing| handing.student.key.as_str()).collect();
        assert_eq!((keys[0], keys[300]), ("s000", "s300"));
        assert!(intake.handings[300].entry.is_none() && intake.handings[300].student.on_roster == Some(true));
        for handing in &intake.handings[..300] {
            assert_eq!(bytes(&take(handing, &script()).unwrap()), Some(SCRIPT));
        }
        assert!(began.elapsed().as_secs() < 20);
    });
}

#[test]
fn moodle_with_and_without_folders() {
    let folders = [
        file("Ann Lee_11_assignsubmission_file_/server.sh", SCRIPT),
        file("Ann Lee_11_assignsubmission_onlinetext_/onlinetext.html", b"<p>"),
        file("山田 太郎_12_assignsubmission_file_/hw.zip", &zip(&[file("server.sh", SCRIPT)])),
        file("Cy_13_assignsubmission_onlinetext_/onlinetext.html", b"<p>"),
    ];
    let flat = [
        file("Ann Lee_11_assignsubmission_file_server.sh", SCRIPT),
        file("Ann Lee_11_assignsubmission_onlinetext.html", b"<p>"),
        file("山田 太郎_12_assignsubmission_file_hw.zip", &zip(&[file("server.sh", SCRIPT)])),
        file("Cy_13_assignsubmission_onlinetext_onlinetext.html", b"<p>"),
    ];
    let list = roster(
        "Identifier,Full name,Email address\nParticipant 11,Lee Ann,ann@x.jp\nParticipant 12,T. Yamada,y@x.jp\nParticipant 13,Cy,c@x.jp\n",
    );
    for entries in [&folders, &flat] {
        everywhere(entries, None, |intake| {
            let all = people(intake);
            assert_eq!(
                all.iter().map(|(name, _, came)| (*name, *came)).collect::<Vec<_>>(),
                [("Ann Lee", true), ("Cy", false), ("山田 太郎", true)]
            );
            for handing in intake.handings.iter().filter(|handing| handing.entry.is_some()) {
                assert_eq!(bytes(&take(handing, &script()).unwrap()), Some(SCRIPT));
            }
        });
        everywhere(entries, Some(&list), |intake| {
            let came: Vec<_> = people(intake).into_iter().map(|(name, _, came)| (name, came)).collect();
            assert_eq!(came, [("Cy", false), ("Lee Ann", true), ("T. Yamada", true)]);
            assert!(intake.handings.iter().all(|handing| handing.student.on_roster == Some(true)));
        });
    }
}

#[test]
fn entries_are_matched_by_all_that_a_roster_says() {
    let list = roster(
        "id,name,email,github,submission\n1001,Ann Lee,ann@x.org,,\n1002,Bob,b@x.org,bobby,\n1003,Cy Ray,cy@x.org,,group-7\n1004,Dan,dan@x.org,,\n1005,René,r@x.org,,\n1006,Ed,e@x.org,,\n",
    );
    let entries = [
        file("1001/server.sh", SCRIPT),
        file("bobby.zip", &zip(&[])),
        file("group-7/server.sh", SCRIPT),
        file("dan@x.org.tgz", &tgz(&[])),
        // With the mark apart, as Macs write it.
        file("Rene\u{301}/server.sh", SCRIPT),
        file("mallory/server.sh", SCRIPT),
        file("readme.txt", b"for the teacher"),
    ];
    everywhere(&entries, Some(&list), |intake| {
        let all = people(intake);
        let keys: Vec<_> = all.iter().map(|(_, key, came)| (*key, *came)).collect();
        assert_eq!(
            keys,
            [
                ("1001", true),
                ("1002", true),
                ("1003", true),
                ("1004", true),
                ("1006", false),
                ("1005", true),
                ("mallory", true)
            ]
        );
        let stranger = intake.handings.iter().find(|handing| handing.student.key == "mallory").unwrap();
        assert_eq!(stranger.student.on_roster, Some(false));
        assert_eq!(intake.remarks.len(), 1);
        assert!(intake.remarks[0].say(Lang::En).contains("readme.txt"));
    });
}

#[test]
fn what_cannot_be_told_apart_is_for_a_person() {
    let list = roster("id,name\n1,Ann Lee\n2,Bob\n3,Bob\n");
    let entries = [file("ann-lee.zip", &zip(&[])), file("1/server.sh", SCRIPT), file("bob/server.sh", SCRIPT)];
    everywhere(&entries, Some(&list), |intake| {
        let ann = intake.handings.iter().find(|handing| handing.student.key == "1").unwrap();
        let Err(Trouble::Person(why)) = take(ann, &script()) else { panic!() };
        assert!(why.say(Lang::En).contains("1, ann-lee.zip"), "{}", why.say(Lang::En));
        assert!(intake.remarks[0].say(Lang::En).contains("bob"));
        assert_eq!(intake.handings.len(), 4);
    });
}

#[test]
fn names_that_collide_get_different_keys() {
    let names =
        ["Jose\u{301}", "Jos\u{e9}", "Jose", "jose", "JOSE", "jose ", "山田", "田中", "a\nb", "a\u{1b}[31mb", "x.zip"];
    let mut entries: Vec<Raw> = names.iter().map(|name| file(&format!("{name}/server.sh"), SCRIPT)).collect();
    entries.push(file("x.zip.zip", &zip(&[])));
    let once = std::cell::RefCell::new(BTreeSet::new());
    everywhere(&entries, None, |intake| {
        let keys: BTreeSet<String> = intake.handings.iter().map(|handing| handing.student.key.clone()).collect();
        assert_eq!(keys.len(), names.len() + 1);
        let harmless = |key: &String| {
            key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte))
        };
        assert!(keys.iter().all(harmless), "{keys:?}");
        assert!(intake.handings.iter().all(|handing| !handing.student.name.contains(|c: char| c.is_control())));
        once.borrow_mut().insert(keys);
    });
    assert_eq!(once.borrow().len(), 1, "the same in every form and order");
}

#[test]
fn one_bad_entry_is_one_students_and_a_bad_class_is_an_error() {
    let good = zip(&[file("server.sh", SCRIPT)]);
    let entries = [file("ann.zip", &good), file("bob.zip", &good[..40]), file("cy.zip", b"")];
    everywhere(&entries, None, |intake| {
        assert_eq!(bytes(&take(&intake.handings[0], &script()).unwrap()), Some(SCRIPT));
        assert_eq!(why(take(&intake.handings[1], &script())), "damaged");
        assert_eq!(why(take(&intake.handings[2], &script())), "no-archive");
    });
    let dir = tempfile::tempdir().unwrap();
    let class = dir.path().join("class.zip");
    fs::write(&class, &zip(&entries)[..200]).unwrap();
    assert_eq!(open(&class, None, &limits()).unwrap_err().id, "intake-refused-damaged");
    assert_eq!(open(&dir.path().join("none"), None, &limits()).unwrap_err().id, "intake-unreadable");
    assert!(open(Path::new("/dev/null"), None, &limits()).is_err());
    // The same name twice in a class is that student's trouble.
    fs::write(&class, zip(&[file("ann.zip", &good), file("ann.zip", b""), file("bob/server.sh", SCRIPT)])).unwrap();
    let intake = open(&class, None, &limits()).unwrap();
    assert_eq!(why(take(&intake.handings[0], &script())), "twice");
    assert!(take(&intake.handings[1], &script()).is_ok());
}
