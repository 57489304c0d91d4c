//! Quantities as text: durations, rates, shares and sizes.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::fmt::friendly::SpanParser;

use super::super::error::{printable, say};
use super::super::text::Text;
use super::value::{Word, Wrong};

/// Longest duration that a scenario can ask for; keeps sums of deadlines far from overflow.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Durations are written in jiff's friendly format, such as `20ms` or `1m 30s`.
impl Word for Duration {
    const EXAMPLES: &[&str] = &["20ms", "1m 30s"];

    fn noun() -> Text {
        say!("a duration", "時間の長さ")
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        let signed: SignedDuration = SpanParser::new().parse_duration(text).map_err(|_| Wrong::FORM)?;
        let Ok(duration) = Duration::try_from(signed) else {
            return Err(Wrong::because(say!("a duration cannot be negative", "時間の長さは負にできません")));
        };
        if duration > LONGEST {
            let shown = printable(text);
            return Err(Wrong::because(say!("`{shown}` is longer than a day", "`{shown}` は1日より長すぎます"))
                .help(say!("nothing in a lab takes longer than 24h", "ラボの時間は24h以下です")));
        }
        Ok(duration)
    }
}

/// A data rate in bits per second, such as `10Mbit/s`; prefixes are decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(pub u64);

impl Word for Rate {
    const EXAMPLES: &[&str] = &["10Mbit/s", "500kbit/s"];

    fn noun() -> Text {
        say!("a data rate", "通信速度")
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        let (number, unit) = split_unit(text)?;
        let factor = match unit {
            "bit/s" => 1.0,
            "kbit/s" => 1e3,
            "Mbit/s" => 1e6,
            "Gbit/s" => 1e9,
            _ => return Err(Wrong::FORM),
        };
        match number * factor {
            rate if rate < 1.0 => {
                Err(Wrong::because(say!("a rate of zero lets nothing through", "速度0では何も届きません"))
                    .help(say!("leave `rate` out for a link without limit", "制限なしにするには `rate` を省きます")))
            }
            rate if rate > 1e12 => {
                Err(Wrong::because(say!("the rate is above 1000Gbit/s", "速度が1000Gbit/sを超えています")))
            }
            rate => Ok(Rate(rate as u64)),
        }
    }
}

/// A share between nothing and all, written in percent; stored from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(pub f64);

impl Word for Share {
    const EXAMPLES: &[&str] = &["3%", "0.5%"];

    fn noun() -> Text {
        say!("a percentage", "百分率")
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        let percent: f64 = text.strip_suffix('%').and_then(|number| number.trim().parse().ok()).ok_or(Wrong::FORM)?;
        if !(0.0..=100.0).contains(&percent) {
            let shown = printable(text);
            return Err(Wrong::because(say!("a loss of {shown} is impossible", "損失率 {shown} はありえません"))
                .help(say!("write 0% to 100%", "0%以上100%以下を書きます")));
        }
        Ok(Share(percent / 100.0))
    }
}

/// A size in bytes, such as `256MiB`; prefixes are binary (IEC 80000-13).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

/// Least memory an endpoint can have: below 6 MiB, Docker refuses to create a container.
const LEAST_MEMORY: f64 = 6.0 * 1024.0 * 1024.0;

impl Word for Size {
    const EXAMPLES: &[&str] = &["256MiB", "1GiB"];

    fn noun() -> Text {
        say!("a size", "サイズ")
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        let (number, unit) = split_unit(text)?;
        let factor = match unit {
            "KiB" => 1024.0,
            "MiB" => 1024.0 * 1024.0,
            "GiB" => 1024.0 * 1024.0 * 1024.0,
            _ => return Err(Wrong::FORM),
        };
        let (bytes, shown) = (number * factor, printable(text));
        if bytes < LEAST_MEMORY {
            return Err(Wrong::because(say!("{shown} is too little memory", "メモリ {shown} は小さすぎます"))
                .help(say!("an endpoint needs at least 6MiB", "エンドポイントには6MiB以上が必要です")));
        }
        if bytes > 1e15 {
            return Err(Wrong::because(say!(
                "{shown} is more memory than any machine has",
                "メモリ {shown} は大きすぎます"
            )));
        }
        Ok(Size(bytes as u64))
    }
}

/// A non-negative decimal number and the unit behind it.
fn split_unit(text: &str) -> Result<(f64, &str), Wrong> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or(Wrong::FORM)?;
    let (number, unit) = text.split_at(digits);
    Ok((number.parse().map_err(|_| Wrong::FORM)?, unit.trim_start()))
}
