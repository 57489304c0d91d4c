//! The steps: what is refused before anything is changed, what is believed, and that everything is put back.

use super::super::TroubleKind;
use super::super::driver::{Arm, Back};
use super::fake::{Fake, REALTEK, UUID};
use crate::evidence::Phase;
use crate::wording::Lang;

const NULL: &str = "controlvm nic2 null";

fn bridged(adapter: &str) -> String {
    format!("controlvm nic2 bridged {adapter}")
}

fn total(arm: &Arm) -> u64 {
    arm.outcome.as_ref().unwrap().samples.iter().map(|sample| sample.pings).sum()
}

fn trouble(arm: &Arm) -> (Phase, String) {
    let (phase, trouble) = arm.outcome.as_ref().unwrap_err();
    (*phase, trouble.phrase.say(Lang::En))
}

#[tokio::test(start_paused = true)]
async fn the_fix_is_applied_as_printed_and_nothing_else_is_changed() {
    let fake = Fake::wedged();
    let (found, course) = fake.run(&Fake::wanted()).await;
    let after = course.after.unwrap();
    assert_eq!((total(&course.before), total(&after)), (0, 5));
    assert_eq!(fake.changes(), [NULL.to_owned(), bridged(REALTEK)]);
    assert_eq!(course.back, Back::Same);
    assert_eq!(after.actions[1].run, format!("VBoxManage controlvm {UUID} nic2 bridged '{REALTEK}'"));
    assert_eq!(after.outcome.unwrap().sent, Some(60));
    assert_eq!((found.version.as_str(), found.interface.name.as_str()), ("7.0.20r163906", "eth0"));
}

#[tokio::test(start_paused = true)]
async fn without_apply_nothing_is_changed() {
    let fake = Fake::wedged();
    let wanted = super::super::driver::Wanted { apply: false, ..Fake::wanted() };
    let (_, course) = fake.run(&wanted).await;
    assert!(course.after.is_none() && fake.changes().is_empty());
    assert_eq!(total(&course.before), 0);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_is_refused_before_anything_is_changed() {
    type Case = (&'static str, Fake, &'static [&'static str]);
    let cases: [Case; 8] = [
        ("off", Fake::wedged().with(|s| s.running = "poweroff"), &["poweroff", "VBoxManage startvm cent7"]),
        ("paused", Fake::wedged().with(|s| s.running = "paused"), &["paused"]),
        (
            "disabled",
            Fake::wedged().with(|s| s.nic = ("none".into(), None)),
            &[
                "nic2",
                "disabled",
                "modifyvm cent7 --nic2 bridged --bridgeadapter2 'Realtek PCIe GBE Family Controller'",
            ],
        ),
        (
            "down",
            Fake::wedged().with(|s| {
                s.adapters = s.adapters.replace(
                    "Up\nVBoxNetworkName: HostInterfaceNetworking-eth0",
                    "Down\nVBoxNetworkName: HostInterfaceNetworking-eth0",
                )
            }),
            &["is down"],
        ),
        (
            "elsewhere",
            Fake::wedged().with(|s| s.adapters = s.adapters.replace("-eth0", "-eth9").replace("30687465", "39687465")),
            &["--interface", "\"lo\", \"en0\", \"eth0\""],
        ),
        (
            "strange",
            Fake::wedged().with(|s| s.nic = ("cloud".into(), Some("x".into()))),
            &["cloud", "nothing was changed"],
        ),
        ("gone", Fake::wedged().with(|s| s.adapters.clear()), &["no adapter \"Realtek PCIe GBE Family Controller\""]),
        ("other", Fake::wedged().with(|s| s.vm = "cent8".into()), &["no VM \"cent7\"", "\"cent8\", \"other\"", "user"]),
    ];
    for (name, fake, hints) in cases {
        let said = fake.look(&Fake::wanted()).await.unwrap_err();
        assert!(hints.iter().all(|hint| said.contains(hint)), "{name}: {said}");
        assert!(fake.changes().is_empty(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_adapter_that_does_not_exist_is_refused_although_virtualbox_only_warns() {
    let fake = Fake::wedged();
    let wanted = super::super::driver::Wanted { bridge: "Realtek PCIe GbE".into(), ..Fake::wanted() };
    let refused = fake.driver(&|_| ()).look(&wanted).await.unwrap_err();
    assert_eq!(refused.kind, TroubleKind::Asked);
    let said = refused.phrase.say(Lang::Ja);
    assert!(said.contains("\"en0: Wi-Fi\"") && said.contains(REALTEK), "{said}");
}

#[tokio::test(start_paused = true)]
async fn null_that_does_not_take_is_noticed_and_the_nic_left_as_it_was() {
    let fake = Fake::wedged().with(|s| s.ignores_null = true);
    let (_, course) = fake.run(&Fake::wanted()).await;
    let (phase, said) = trouble(course.after.as_ref().unwrap());
    assert!(
        phase == Phase::Fixes && said.contains("is attached to bridged") && said.contains("exit status 0"),
        "{said}"
    );
    assert_eq!((fake.changes(), course.back), (vec![NULL.to_owned()], Back::Same));
}

#[tokio::test(start_paused = true)]
async fn another_adapter_than_the_one_asked_for_is_noticed_and_put_back() {
    let fake = Fake::wedged().with(|s| (s.nic, s.takes) = (("nat".into(), None), Some("en0: Wi-Fi".into())));
    let (_, course) = fake.run(&Fake::wanted()).await;
    let (_, said) = trouble(course.after.as_ref().unwrap());
    assert!(said.contains("bridged \"en0: Wi-Fi\""), "{said}");
    assert_eq!(fake.changes(), [NULL.to_owned(), bridged(REALTEK), "controlvm nic2 nat".into()]);
    assert_eq!((course.back, fake.state.borrow().nic.0.as_str()), (Back::Done, "nat"));
}

#[tokio::test(start_paused = true)]
async fn another_attachment_comes_back_after_the_measurement() {
    let fake = Fake::wedged().with(|s| s.nic = ("intnet".into(), Some("lab \"net\"".into())));
    let (found, course) = fake.run(&Fake::wanted()).await;
    assert_eq!(total(course.after.as_ref().unwrap()), 5);
    assert!(!found.bridged(&course.before.outcome.unwrap().nic));
    assert_eq!(fake.changes().last().unwrap(), "controlvm nic2 intnet lab \"net\"");
    assert_eq!((course.back, fake.state.borrow().nic.0.as_str()), (Back::Done, "intnet"));
}

#[tokio::test(start_paused = true)]
async fn a_stop_at_any_step_puts_back() {
    for after in 1..=2 {
        let fake = Fake::wedged().with(|s| s.stop_after = after);
        let (_, course) = fake.run(&Fake::wanted()).await;
        let (_, stopped) = course.after.unwrap().outcome.unwrap_err();
        assert_eq!(stopped.kind, TroubleKind::Interrupted);
        assert_eq!(fake.state.borrow().nic, ("bridged".into(), Some(REALTEK.into())), "after change {after}");
        assert_eq!(course.back, if after == 1 { Back::Done } else { Back::Same });
    }
    let fake = Fake::wedged();
    let found = fake.look(&Fake::wanted()).await.unwrap();
    fake.stop.cancel();
    let course = fake.driver(&|_| ()).course(&found, &Fake::wanted()).await;
    assert!(course.after.is_none() && fake.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_error_in_the_middle_puts_back_as_soon_as_that_works_again() {
    // The second change fails, the third is the first try to put back.
    let fake = Fake::wedged().with(|s| s.breaks_at = 2);
    let found = fake.look(&Fake::wanted()).await.unwrap();
    let wanted = Fake::wanted();
    let mend = async {
        tokio::time::sleep(std::time::Duration::from_millis(12_000)).await;
        fake.state.borrow_mut().breaks_at = usize::MAX;
    };
    let driver = fake.driver(&|_| ());
    let (course, ()) = tokio::join!(driver.course(&found, &wanted), mend);
    assert_eq!(course.back, Back::Done);
    assert_eq!(fake.state.borrow().nic, ("bridged".into(), Some(REALTEK.into())));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_put_back_is_said_with_the_command_to_type() {
    let fake = Fake::wedged().with(|s| (s.nic, s.breaks_at) = (("hostonly".into(), Some("vbox'net 0".into())), 3));
    let (_, course) = fake.run(&Fake::wanted()).await;
    let Back::Failed { command, reason } = course.back else { panic!("{:?}", course.back) };
    assert_eq!(command, format!(r"VBoxManage controlvm {UUID} nic2 hostonly 'vbox'\''net 0'"));
    let said = reason.say(Lang::En);
    assert!(said.contains("exit status 1") && said.contains("The object is not ready"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_vm_that_was_shut_down_meanwhile_is_put_back_by_other_words() {
    let fake = Fake::wedged().with(|s| s.stop_after = 1);
    let found = fake.look(&Fake::wanted()).await.unwrap();
    let state = fake.state.clone();
    let hear = move |notice| {
        if matches!(notice, super::super::driver::Notice::Acted(_)) {
            state.borrow_mut().running = "poweroff";
        }
    };
    let course = fake.driver(&hear).course(&found, &Fake::wanted()).await;
    assert_eq!(course.back, Back::Done);
    assert_eq!(fake.changes()[1], format!("modifyvm --nic2 bridged --bridgeadapter2 {REALTEK}"));
}

#[tokio::test(start_paused = true)]
async fn names_are_taken_as_they_are() {
    for name in ["講義用 サーバ", "my \"old\" VM", "--help", "$(reboot)", "a'b", "*"] {
        let fake = Fake::wedged().with(|s| s.vm = name.into());
        let wanted = super::super::driver::Wanted { vm: name.into(), ..Fake::wanted() };
        let (_, course) = fake.run(&wanted).await;
        assert_eq!(total(course.after.as_ref().unwrap()), 5, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn answers_cut_short_change_nothing() {
    for cut in 0..150 {
        let fake = Fake::wedged().with(|s| s.cut = cut);
        // Whatever is still read is read rightly: then it goes all the way, else not one step.
        if let Ok(found) = fake.look(&Fake::wanted()).await {
            assert_eq!(found.nic.attachment.name.as_deref(), Some(REALTEK), "{cut}");
        } else {
            assert!(fake.changes().is_empty(), "{cut}");
        }
    }
}
