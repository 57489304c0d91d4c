//! Bounds: that there are some, that they can hold, and that they can fail.

use super::super::error::{Problem, Span, printable, say};
use super::super::file::forms;
use super::super::file::model;
use super::super::file::table::Maybe;
use super::super::file::value::{At, Tried};
use super::super::suggest::nearest;
use super::super::{Bound, Limit, Relation};
use super::Resolver;
use super::names::{Noun, missing};
use crate::arm::ArmName;
use crate::measure::Unit;

/// Whose bounds they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Check,
    Symptom,
    Need,
}

/// The bounds as the file gives them.
pub(super) struct Given<'a> {
    /// Place to blame when there is no bound.
    pub(super) owner: &'a Span,
    pub(super) role: Role,
    /// Unit of the metric, if that is known and suits.
    pub(super) unit: Option<Unit>,
    /// Whether something else has to hold beside the bounds.
    pub(super) has_needs: bool,
    /// `at_most`, `at_least`, `equals`.
    pub(super) bounds: [&'a Maybe<Tried<forms::Bound>>; 3],
}

/// A bound with its place.
type Placed<'a> = (Bound, &'a Span);

impl<'a> Resolver<'a> {
    /// The bounds that can be used; reports the others.
    pub(super) fn bounds(&mut self, given: &Given<'a>) -> Vec<Placed<'a>> {
        let relations = [Relation::AtMost, Relation::AtLeast, Relation::Equals];
        let named: Vec<_> = relations
            .into_iter()
            .zip(given.bounds)
            .filter_map(|(relation, at)| Some((relation, at.as_ref()?)))
            .collect();
        if named.is_empty() {
            let problem = Problem::at(given.owner, say!("no bound: this always holds", "境界がなく、必ず成り立ちます"));
            self.push(problem.help(say!(
                "write `at_most`, `at_least` or `equals`",
                "`at_most`、`at_least`、`equals` のどれかを書きます"
            )));
        }
        let mut bounds = Vec::new();
        for (relation, At { value: Tried(bound), span }) in named {
            let limit = match bound {
                Some(forms::Bound::Absolute(value)) => self.absolute(*value, span, given.unit),
                Some(forms::Bound::Ratio(ratio)) => self.ratio(ratio, span, relation, given),
                None => None,
            };
            bounds.extend(limit.map(|limit| (Bound { relation, limit }, span)));
        }
        self.check_together(&bounds, given.unit);
        bounds
    }

    /// An absolute limit: only for counts and flags, and one that the unit can have.
    fn absolute(&mut self, value: f64, span: &Span, unit: Option<Unit>) -> Option<Limit> {
        let problem = match unit {
            Some(unit) if unit.depends_on_machine() => {
                let symbol = unit.symbol();
                Problem::at(
                    span,
                    say!(
                        "an absolute bound in {symbol} depends on the machine",
                        "{symbol} の絶対値の境界はマシンに依存します"
                    ),
                )
                .help(say!(
                    "write a ratio to the control: {{ ratio = 0.2, of = \"omitted\" }}",
                    "対照との比を書きます: {{ ratio = 0.2, of = \"omitted\" }}"
                ))
            }
            Some(Unit::Flag) if value != 0.0 && value != 1.0 => {
                Problem::at(span, say!("a flag is never {value}", "真偽の値は {value} になりません"))
                    .help(say!("write 1 for yes, 0 for no", "はいは1、いいえは0と書きます"))
            }
            _ if value < 0.0 => {
                Problem::at(span, say!("nothing is ever counted below 0", "0より少なく数えられるものはありません"))
            }
            _ => return Some(Limit::Absolute(value)),
        };
        self.push(problem);
        None
    }

    /// A ratio: of a quantity, to an arm that exists, and one that the control itself does not satisfy.
    fn ratio(&mut self, ratio: &'a model::Ratio, span: &Span, relation: Relation, given: &Given<'a>) -> Option<Limit> {
        let of = self.arm(&ratio.of);
        let At { value: factor, span: at } = ratio.ratio.get()?;
        let factor = factor.0;
        let problem = match relation {
            _ if given.role == Role::Need => {
                Problem::at(span, say!("a need needs a plain number", "`needs` の境界には数値が必要です"))
            }
            _ if given.role == Role::Symptom => {
                Problem::at(span, say!("a symptom needs a plain number", "症状の境界には数値が必要です"))
                    .help(say!("it is looked for in the control alone", "症状は対照だけで調べます"))
            }
            Relation::Equals => Problem::at(
                span,
                say!("no measured ratio equals a number exactly", "測定した比がちょうど一致することはありません"),
            )
            .help(say!("write `at_most` or `at_least`", "`at_most` か `at_least` を書きます")),
            _ if given.unit == Some(Unit::Flag) => {
                Problem::at(span, say!("a flag has no ratio", "真偽の値に比はありません"))
                    .help(say!("write 1 for yes, 0 for no", "はいは1、いいえは0と書きます"))
            }
            _ if factor <= 0.0 => Problem::at(at, say!("a ratio is above 0", "比は0より大きい値です")),
            // That nothing gets worse is worth a check only where something else shows the fix.
            Relation::AtMost if of == Some(ArmName::Omitted) && factor >= 1.0 && !given.has_needs => {
                self.vacuous(at, say!("must be below 1", "1より小さい値が必要です"))
            }
            Relation::AtLeast if of == Some(ArmName::Omitted) && factor <= 1.0 && !given.has_needs => {
                self.vacuous(at, say!("must be above 1", "1より大きい値が必要です"))
            }
            _ => return Some(Limit::Ratio { factor, of: of? }),
        };
        self.push(problem);
        None
    }

    fn vacuous(&self, span: &Span, label: super::super::Text) -> Problem {
        Problem::at(span, say!("the control itself keeps this bound", "対照自身がこの境界を満たします"))
            .label(label)
            .help(say!(
                "a check that holds without any fix proves nothing",
                "対処なしで成り立つチェックは何も示しません"
            ))
    }

    /// The arm that a ratio compares with, under the name that a run gives it.
    fn arm(&mut self, of: &'a Maybe<String>) -> Option<ArmName> {
        let Some(name) = of else { return Some(ArmName::Omitted) };
        let Ok(arm) = name.parse::<ArmName>() else {
            let shown = printable(name);
            let problem = Problem::at(&name.span, say!("there is no arm `{shown}`", "アーム `{shown}` はありません"));
            self.push(match nearest(name, ["omitted", "applied"]) {
                Some(near) => problem.help(say!("did you mean `{near}`?", "`{near}` ではありませんか")),
                None => problem.help(say!(
                    "arms are `omitted`, `applied`, `only:<fix>`, `without:<fix>` and `set:<fix>+<fix>`",
                    "アームは `omitted`、`applied`、`only:<対処>`、`without:<対処>`、`set:<対処>+<対処>` です"
                )),
            });
            return None;
        };
        let all: Vec<String> = self.fix_names().map(str::to_owned).collect();
        let unknown: Vec<_> = arm.mentioned().iter().filter(|fix| !all.contains(fix)).collect();
        for fix in &unknown {
            let fix = At { value: (*fix).clone(), span: name.span.clone() };
            self.push(missing(Noun::Fix, &fix, self.fix_names()));
        }
        // With one fix, `only:` it is `applied`; a run takes such an arm once, under one name.
        let normal = if all.is_empty() { arm.clone() } else { ArmName::of_set(&all, &arm.fixes(&all)) };
        unknown.is_empty().then_some(normal)
    }

    /// Bounds of one metric that exclude each other, or that nothing can break.
    fn check_together(&mut self, bounds: &[Placed<'a>], unit: Option<Unit>) {
        let find = |relation| bounds.iter().find(move |(bound, _)| bound.relation == relation);
        let (most, least, equals) = (find(Relation::AtMost), find(Relation::AtLeast), find(Relation::Equals));
        if let (Some((most, most_at)), Some((least, least_at))) = (most, least)
            && exceeds(&least.limit, &most.limit)
        {
            let problem =
                Problem::at(least_at, say!("`at_least` is above `at_most`", "`at_least` が `at_most` を超えています"));
            self.push(
                problem
                    .label(say!("nothing can hold both", "両方は成り立ちません"))
                    .second(most_at, say!("the upper bound", "上の境界")),
            );
        }
        if let (Some((_, at)), Some((_, other))) = (equals, most.or(least)) {
            let problem = Problem::at(
                other,
                say!("`equals` leaves no room for another bound", "`equals` があれば他の境界は要りません"),
            );
            self.push(problem.second(at, say!("the exact value", "正確な値")));
        }
        let always = |bound: &Bound| match (bound.relation, &bound.limit, unit) {
            (Relation::AtLeast, Limit::Absolute(value), Some(_)) => *value <= 0.0,
            (Relation::AtMost, Limit::Absolute(value), Some(Unit::Flag)) => *value >= 1.0,
            _ => false,
        };
        if let Some((_, at)) = bounds.first().filter(|_| bounds.iter().all(|(bound, _)| always(bound))) {
            let problem = Problem::at(at, say!("this always holds", "これは必ず成り立ちます"));
            self.push(
                problem.help(say!("a bound that nothing can break proves nothing", "破れない境界は何も示しません")),
            );
        }
    }
}

/// Whether the one limit is above the other for sure.
fn exceeds(least: &Limit, most: &Limit) -> bool {
    match (least, most) {
        (Limit::Absolute(least), Limit::Absolute(most)) => least > most,
        (Limit::Ratio { factor: least, of }, Limit::Ratio { factor: most, of: other }) => of == other && least > most,
        _ => false,
    }
}
