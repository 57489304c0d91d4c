//! A figure of a metric that depends on the machine: this lab's readings between the batch's labs without and with the fix.

use maud::{Markup, html};

use super::Section;
use crate::clean::clean;
use crate::marks::CheckMark;
use crate::stats::Estimate;
use crate::wording::{Phrase, say};

const WIDTH: f64 = 640.0;
/// Room for the names of the labs, and for the figures behind the last reading.
const LEFT: f64 = 128.0;
const RIGHT: f64 = 76.0;
/// Where the first lab's line is, how far the next one is, and where the axis is.
const FIRST: f64 = 34.0;
const STEP: f64 = 28.0;
const AXIS: f64 = 108.0;

/// The figure; none where there is nothing to compare, or the metric is no quantity.
pub fn figure(section: &Section<'_>, at: usize, mark: &CheckMark) -> Option<Markup> {
    let own = mark.value.filter(|_| mark.unit.depends_on_machine() && !is_skipped(mark))?;
    let figure = section.told.figures().into_iter().find(|figure| figure.metric == mark.metric);
    let samples: Vec<f64> = figure.map(|figure| figure.samples.clone()).unwrap_or_default();
    let lanes = [("arm-omitted", mark.control), ("arm-own", Some(own)), ("arm-applied", mark.reference)];
    let ends = lanes.iter().filter_map(|(_, lane)| *lane).map(|lane| lane.high);
    let most = ends.chain(samples.iter().copied()).chain(mark.at_most).chain(mark.at_least).fold(0.0, f64::max);
    if !(most > 0.0 && most.is_finite()) {
        return None;
    }
    let x = |value: f64| LEFT + (value / (most * 1.02)).clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT);
    let title = title(section, mark, own);
    let id = format!("f{}-{at}", section.number);
    Some(html! {
        figure {
            svg viewBox="0 0 640 128" role="img" aria-labelledby=(id) {
                title id=(id) { (title) }
                (limit(section, mark, x))
                line.axis x1=(LEFT) y1=(AXIS) x2=(px(WIDTH - RIGHT)) y2=(AXIS) {}
                @for (number, (name, lane)) in lanes.into_iter().enumerate() {
                    @if let Some(lane) = lane {
                        (line(section, name, lane, FIRST + STEP * number as f64, if number == 1 { &samples } else { &[] }, &x, mark))
                    }
                }
                @for tick in ticks(most) {
                    line.axis x1=(px(x(tick))) y1=(AXIS) x2=(px(x(tick))) y2=(AXIS + 4.0) {}
                    text x=(px(x(tick))) y=(AXIS + 18.0) text-anchor="middle" { @if tick == 0.0 { "0" } @else { (mark.unit.show(tick)) } }
                }
            }
        }
    })
}

fn is_skipped(mark: &CheckMark) -> bool {
    mark.standing == crate::marks::Standing::Skipped
}

/// To a tenth of a pixel: more is noise.
fn px(value: f64) -> String {
    format!("{value:.1}")
}

fn title(section: &Section<'_>, mark: &CheckMark, own: Estimate) -> String {
    let show = |lane: Option<Estimate>| lane.map_or_else(|| "–".to_owned(), |lane| mark.unit.show(lane.value));
    let phrase = Phrase::new("page-figure").with("check", clean(&mark.title)).with("own", mark.unit.show(own.value));
    phrase.with("control", show(mark.control)).with("reference", show(mark.reference)).say(section.lang)
}

/// One lab: the interval, the median and its value, and the readings themselves where they are known.
fn line(
    section: &Section<'_>,
    name: &str,
    lane: Estimate,
    y: f64,
    samples: &[f64],
    x: &impl Fn(f64) -> f64,
    mark: &CheckMark,
) -> Markup {
    let class = if name == "arm-own" { "own" } else { "other" };
    let (low, high) = (x(lane.low), x(lane.high));
    let last = samples.iter().copied().map(x).fold(high, f64::max);
    html! {
        g.(class) {
            text x=(px(LEFT - 12.0)) y=(px(y + 4.5)) text-anchor="end" { (say(section.lang, name)) }
            rect.range x=(px(low - 3.0)) y=(px(y - 5.0)) width=(px(high - low + 6.0)) height="10" rx="5" {}
            @for sample in samples { circle.dot cx=(px(x(*sample))) cy=(px(y)) r="4.5" {} }
            line.median x1=(px(x(lane.value))) y1=(px(y - 9.0)) x2=(px(x(lane.value))) y2=(px(y + 9.0)) {}
            text x=(px(last + 11.0)) y=(px(y + 4.5)) { (mark.unit.show(lane.value)) }
        }
    }
}

/// The bound, and the side of it on which all is well.
fn limit(section: &Section<'_>, mark: &CheckMark, x: impl Fn(f64) -> f64) -> Markup {
    let right = WIDTH - RIGHT;
    html! {
        @for (value, is_most) in mark.at_most.map(|value| (value, true)).into_iter().chain(mark.at_least.map(|value| (value, false))) {
            @let at = x(value);
            @let (from, to) = if is_most { (LEFT, at) } else { (at, right) };
            rect.fine x=(px(from)) y="18" width=(px((to - from).max(0.0))) height=(px(AXIS - 18.0)) {}
            line.limit x1=(px(at)) y1="18" x2=(px(at)) y2=(AXIS) {}
            text.limit-text x=(px(at)) y="12" text-anchor=(anchor(at)) {
                (Phrase::new(if is_most { "page-at-most" } else { "page-at-least" }).with("value", mark.unit.show(value)).say(section.lang))
            }
        }
    }
}

/// Keeps words inside the figure.
fn anchor(at: f64) -> &'static str {
    if at < LEFT + 40.0 {
        "start"
    } else if at > WIDTH - RIGHT - 40.0 {
        "end"
    } else {
        "middle"
    }
}

/// Three to six round numbers from zero on.
fn ticks(most: f64) -> Vec<f64> {
    let power = 10.0_f64.powf((most / 5.0).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| most / step <= 5.0);
    let step = step.unwrap_or(most);
    (0..=5).map(|number| f64::from(number) * step).take_while(|tick| *tick <= most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(3.9), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(ticks(10.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        for most in [0.001, 0.37, 1.0, 7.0, 99.0, 1e9] {
            assert!((3..=6).contains(&ticks(most).len()), "{most}: {:?}", ticks(most));
        }
    }
}
