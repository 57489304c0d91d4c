//! A class as in a course: what its pages look like is in the snapshots.

use saiten::marks::{
    Change, Class, EvidenceFile, Exercise, Figure, ReasonMark, ScriptRun, Standing, State, StudentMarks,
};
use saiten::measure::Unit;
use saiten::scenario::Lang;
use saiten::stats::{Estimate, estimate};

use super::sample::{class, exercise, mark, result, slow_login, student};

const DIFF: &str = "--- /etc/ssh/sshd_config\n+++ /etc/ssh/sshd_config\n@@ -128,8 +128,10 @@\n # Kerberos\n \
 GSSAPIAuthentication yes\n-#UseDNS yes\n+UseDNS no\n X11Forwarding yes\n Subsystem sftp /usr/libexec/openssh/sftp-server\n\
+\n+GSSAPIAuthentication no\n";

/// The student whose page is worth a look: `UseDNS` is right, `GSSAPIAuthentication` was written where sshd does not read it.
pub fn almost(lang: Lang) -> StudentMarks {
    let text = |en: &'static str, ja: &'static str| if lang == Lang::En { en } else { ja }.to_owned();
    let (own, scenario) = (exercise(lang), slow_login());
    let hint = |at: usize| scenario.checks[at].hint.as_ref().map(|hint| hint.get(lang).to_owned());
    let says = |metric: &str, value: &str, bounds: &str| match lang {
        Lang::En => format!("{metric} is {value}; wanted {bounds}"),
        Lang::Ja => format!("{metric}は{value}、基準は{bounds}"),
    };
    let mut checks = vec![
        mark(&own, 0, Standing::Partial, Some(1)),
        mark(&own, 1, Standing::Pass, Some(3)),
        mark(&own, 2, Standing::Fail, Some(0)),
        mark(&own, 3, Standing::Pass, Some(2)),
    ];
    checks[0].message = says("login.time", "1.93 s", "≤ 0.3 × 3.62 s (omitted)");
    checks[0].hint = hint(0);
    checks[2].observed = Some("2".to_owned());
    checks[2].message = says("login.client_queries", "2", "= 0");
    checks[2].hint = hint(2);
    checks[2].reasons = vec![ReasonMark {
        name: "gssapi-written-twice".to_owned(),
        text: text(
            "GSSAPIAuthentication stands in the file twice. sshd takes the first one, and that still says yes.",
            "GSSAPIAuthenticationが2回書かれています。sshdは最初の行を採用するため、yesのままです。",
        ),
    }];
    let mut result = result(&own, State::Graded, None, checks);
    result.figures = figures();
    result.runs = vec![ScriptRun {
        endpoint: "server".to_owned(),
        status: 0,
        output: "Redirecting to /bin/systemctl restart sshd.service\n".to_owned(),
        took: 0.42,
    }];
    result.changes =
        vec![Change { endpoint: "server".to_owned(), path: "/etc/ssh/sshd_config".to_owned(), diff: DIFF.to_owned() }];
    result.remarks = vec![text(
        "login: client was silent for 1.62 s during authentication, and asked A server.example. ✗, AAAA server.example. ✗",
        "login: clientは認証中に1.62 s沈黙、その間の問い合わせ: A server.example. ✗, AAAA server.example. ✗",
    )];
    let file = |name: &str, sum: Option<&str>| EvidenceFile {
        path: format!("evidence/ssh/slow-login/submission-s2601/{name}"),
        sha256: sum.map(|sum| sum.repeat(8)),
    };
    result.evidence = vec![file("arm.json", None), file("lan.pcapng", Some("9f86d081"))];
    student("s2601", "鈴木 花子", vec![result])
}

fn figures() -> Vec<Figure> {
    let figure = |metric: &str, unit: Unit, samples: &[f64], control: f64, reference: f64| {
        let same = |value: f64| Estimate { value, low: value, high: value };
        Figure {
            metric: metric.to_owned(),
            unit,
            samples: samples.to_vec(),
            value: estimate(samples),
            control: Some(same(control)),
            reference: Some(same(reference)),
        }
    };
    vec![
        figure("login.time", Unit::Seconds, &[1.91, 1.93, 2.14], 3.62, 0.31),
        figure("login.server_queries", Unit::Count, &[0.0, 0.0, 0.0], 2.0, 0.0),
        figure("login.client_queries", Unit::Count, &[2.0, 2.0, 2.0], 2.0, 0.0),
        figure("login.unanswered_queries", Unit::Count, &[2.0, 2.0, 2.0], 4.0, 0.0),
        figure("login.succeeded", Unit::Flag, &[1.0, 1.0, 1.0], 1.0, 1.0),
    ]
}

/// Two dozen students, of whom two need a person.
pub fn course(lang: Lang) -> Class {
    let own = exercise(lang);
    let names = [
        "青木 蓮",
        "石川 結衣",
        "伊藤 大翔",
        "上田 葵",
        "Emma Fischer",
        "小川 湊",
        "加藤 凛",
        "木村 悠真",
        "小林 陽菜",
        "佐々木 樹",
        "佐藤 美咲",
        "清水 颯太",
        "髙橋 莉子",
        "田中 陸",
        "中村 さくら",
        "Nguyễn Minh Anh",
        "長谷川 翼",
        "林 芽依",
        "藤田 朝陽",
        "前田 楓",
        "松本 律",
        "山口 紬",
        "吉田 暖",
    ];
    let mut students = vec![almost(lang)];
    students.extend(names.iter().enumerate().map(|(at, name)| somebody(&own, lang, at, name)));
    students.sort_by(|one, other| one.student.key.cmp(&other.student.key));
    class(lang, vec![own], students)
}

fn somebody(own: &Exercise, lang: Lang, at: usize, name: &str) -> StudentMarks {
    let text = |en: &'static str, ja: &'static str| if lang == Lang::En { en } else { ja };
    let key = format!("s26{:02}", at + 2);
    let one = |state: State, why: Option<&str>| student(&key, name, vec![result(own, state, why, Vec::new())]);
    match at {
        6 => return one(State::Missing, None),
        13 => {
            return one(
                State::Refused,
                Some(text(
                    "client.sh is not one of the files that this exercise takes: server.sh",
                    "client.shはこの課題で受け付けるファイルではありません: server.sh",
                )),
            );
        }
        _ => {}
    }
    let got = |fine: bool, points: u32| if fine { (Standing::Pass, Some(points)) } else { (Standing::Fail, Some(0)) };
    let (server, client) = (at % 7 != 3, at % 3 != 1);
    let login = match (server, client) {
        (true, true) => (Standing::Pass, Some(4)),
        (false, false) => (Standing::Fail, Some(0)),
        _ => (Standing::Partial, Some(1)),
    };
    let login = if at == 9 { (Standing::Inconclusive, None) } else { login };
    let standings = [login, got(server, 3), got(client, 3), got(at % 5 != 2, 2)];
    let mut checks: Vec<_> =
        standings.iter().enumerate().map(|(at, (standing, points))| mark(own, at, *standing, *points)).collect();
    if !client {
        checks[2].reasons = vec![ReasonMark {
            name: "gssapi-written-twice".to_owned(),
            text: text(
                "GSSAPIAuthentication stands in the file twice. sshd takes the first one.",
                "GSSAPIAuthenticationが2回書かれています。sshdは最初の行を採用します。",
            )
            .to_owned(),
        }];
    }
    if !server {
        checks[1].reasons = vec![ReasonMark {
            name: "not-restarted".to_owned(),
            text: text(
                "sshd was not restarted, so it has not read its file again.",
                "sshdが再起動されていないため、変更したファイルが読み込まれていません。",
            )
            .to_owned(),
        }];
    }
    if at == 9 {
        checks[0].message = text(
            "login.time is 1.10 s; wanted ≤ 0.3 × 3.62 s (omitted), and the readings scatter around that bound",
            "login.timeは1.10 s、基準は≤ 0.3 × 3.62 s (omitted)。測定値が基準の前後にばらついています",
        )
        .to_owned();
    }
    let state = if at == 9 { State::Review } else { State::Graded };
    student(&key, name, vec![result(own, state, None, checks)])
}
