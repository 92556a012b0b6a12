//! Rows for people: columns side by side, numbers to the right.

/// Which side of its column a value stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// Columns with their heads, and rows of as many values.
#[derive(Debug)]
pub(crate) struct Table {
    sides: Vec<Side>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(columns: &[(&str, Side)]) -> Self {
        Table {
            sides: columns.iter().map(|(_, side)| *side).collect(),
            rows: vec![columns.iter().map(|(name, _)| (*name).to_owned()).collect()],
        }
    }

    /// Adds a row. An absent value is an empty text.
    pub(crate) fn row(&mut self, values: Vec<String>) {
        self.rows.push(values);
    }

    /// The table as text, a line a row.
    pub(crate) fn text(&self) -> String {
        let mut widths = vec![0; self.sides.len()];
        for row in &self.rows {
            for (width, value) in widths.iter_mut().zip(row) {
                *width = (*width).max(value.chars().count());
            }
        }
        let mut out = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for ((value, width), side) in row.iter().zip(&widths).zip(&self.sides) {
                match side {
                    Side::Left => line.push_str(&format!("{value:width$}  ")),
                    Side::Right => line.push_str(&format!("{value:>width$}  ")),
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// A sum of money a currency; how many calls it covers where that is not all of them.
pub(crate) fn cost(sums: &[slugline::store::CostTotal], calls: u64) -> String {
    let known: u64 = sums.iter().map(|sum| sum.calls).sum();
    let sums: Vec<String> = sums
        .iter()
        .map(|sum| amount(sum.amount, &sum.currency))
        .collect();
    match sums.is_empty() {
        true => String::new(),
        false if known == calls => sums.join(" + "),
        false => format!("{} ({known} of {calls} calls)", sums.join(" + ")),
    }
}

/// An amount of money; small ones with as many digits as they need.
pub(crate) fn amount(amount: f64, currency: &str) -> String {
    match amount.abs() {
        large if large >= 1.0 => format!("{amount:.2} {currency}"),
        _ => format!("{amount:.6} {currency}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_side_by_side() {
        let mut table = Table::new(&[("name", Side::Left), ("n", Side::Right)]);
        table.row(vec!["über".to_owned(), "1".to_owned()]);
        table.row(vec!["a longer one".to_owned(), "12345".to_owned()]);
        table.row(vec!["none".to_owned(), String::new()]);
        let expected = "\
name              n
über              1
a longer one  12345
none
";
        assert_eq!(table.text(), expected);
    }
}
