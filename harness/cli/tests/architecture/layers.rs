//! The table of layers in CONTRIBUTING.md.

use crate::workspace::{Crate, Workspace};

/// The table: the highest crate first; a crate may use those that its row names, which stand below it.
pub(crate) struct Layers {
    rows: Vec<Row>,
}

/// One crate in the table.
pub(crate) struct Row {
    /// The crate.
    pub(crate) name: String,
    /// What it may use.
    uses: Vec<String>,
    /// File and line.
    pub(crate) at: String,
}

const FILE: &str = "CONTRIBUTING.md";
const HEAD: &str = "| crate | holds | may not hold | may use |";

impl Layers {
    pub(crate) fn load(workspace: &Workspace) -> Layers {
        let text = std::fs::read_to_string(workspace.root.join(FILE)).expect("CONTRIBUTING.md is there");
        let lines = text.lines().enumerate();
        let table = lines.skip_while(|(_, line)| *line != HEAD).skip(2).take_while(|(_, line)| line.starts_with('|'));
        let rows: Vec<Row> = table.map(|(index, line)| Row::read(line, format!("{FILE}:{}", index + 1))).collect();
        assert!(!rows.is_empty(), "{FILE} has no table that begins with {HEAD}");
        Layers { rows }
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Arrows of the table itself that do not go down.
    pub(crate) fn upward(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            for used in &row.uses {
                if !self.rows.iter().skip(index + 1).any(|below| below.name == *used) {
                    wrong.push(format!("{}: `{used}` does not stand below `{}`", row.at, row.name));
                }
            }
        }
        wrong
    }

    /// What is wrong when a crate uses another. A crate's tests may use what stands below it in the table, named or not.
    pub(crate) fn refuses(&self, user: &Crate, used: &str, test: bool, at: &str) -> Option<String> {
        let user = user.name.as_str();
        if user == used {
            return None;
        }
        let Some(place) = self.rows.iter().position(|row| row.name == user) else {
            return Some(format!(
                "{at}: {FILE} does not say what `{user}` is for; give it a row in the table of layers"
            ));
        };
        let below = self.rows.iter().skip(place).any(|row| row.name == used);
        let named = self.rows.get(place).is_some_and(|row| row.uses.iter().any(|name| name == used));
        match (below, named || test) {
            (true, true) => None,
            (false, _) => Some(format!("{at}: `{user}` uses `{used}`, which does not stand below it in {FILE}")),
            (true, false) => Some(format!("{at}: `{user}` uses `{used}`, which its row in {FILE} does not allow")),
        }
    }
}

impl Row {
    fn read(line: &str, at: String) -> Row {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        let [_, name, _, _, uses, _] = cells[..] else { panic!("{at}: the table has four columns") };
        let name = quoted(name).pop().unwrap_or_else(|| panic!("{at}: the crate is missing"));
        Row { name, uses: quoted(uses), at }
    }
}
