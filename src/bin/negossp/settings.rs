//! `negossp config check`.

use crate::outcome::{Failure, Outcome, print};
use negossp::config::{Environment, Settings, Store};

pub(crate) fn check() -> Outcome {
    let environment = Environment::of_process();
    let store = Store::open(environment.clone());
    let settings = store.current();
    let source = match (&environment.config, store.path()) {
        (Some(path), _) => format!("# from {} (NEGOSSP_CONFIG)\n", path.display()),
        (None, Some(path)) if path.exists() => format!("# from {}\n", path.display()),
        (None, Some(path)) => format!("# defaults; neither NEGOSSP_CONFIG nor {} is there\n", path.display()),
        (None, None) => "# defaults\n".to_owned(),
    };
    print(&format!("{source}{settings}"))?;
    let problems = problems(&settings);
    if problems.is_empty() { Ok(()) } else { Err(Failure::No(problems.join("\nnegossp: "))) }
}

fn problems(settings: &Settings) -> Vec<String> {
    if let Some(defect) = &settings.defect {
        return vec![format!("configuration: {defect}"), "nobody is let in until that is mended; shown are the defaults".into()];
    }
    let Some(file) = &settings.accounts.file else {
        return vec!["no account file: set [accounts] file or NEGOSSP_ACCOUNTS, unless the server brings its own account".into()];
    };
    let (path, accounts) = (file.path().map(|path| path.display().to_string()).unwrap_or_default(), file.current());
    let mut problems = Vec::new();
    if let Some(problem) = &accounts.problem {
        problems.push(format!("{path}: {problem}"));
    }
    if accounts.exposed {
        problems.push(format!("{path}: others than its owner may read or write it"));
    }
    problems.extend(accounts.bad_lines.iter().map(|bad| format!("{path}:{}: {}", bad.number, bad.why)));
    problems
}
