use super::*;

fn mutation(rule: &str, find: &str, replace: &str) -> RuleMutation {
    RuleMutation {
        rule: rule.to_owned(),
        file: String::new(),
        find: find.to_owned(),
        replace: replace.to_owned(),
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn several_rules_change_one_expression() {
    let text = "let releasable = persons >= k && left >= r;\n";
    let at_least_k = mutation(
        "AtLeastK",
        text,
        "let releasable = persons + usize::from(broken(Rule::AtLeastK)) >= k\n    && left >= r;\n",
    );
    let at_least_r = mutation(
        "AtLeastR",
        text,
        "let releasable = persons >= k && (left >= r || broken(Rule::AtLeastR));\n",
    );

    let changed = mutate(text, &[&at_least_k, &at_least_r]).unwrap();

    let expected = "let releasable = persons + \
        usize::from(medvirk_mutants::broken(medvirk_mutants::Rule::AtLeastK)) >= k && (left >= r \
        || medvirk_mutants::broken(medvirk_mutants::Rule::AtLeastR));";
    assert_eq!(words(&changed), words(expected));
}

#[test]
fn a_rule_without_its_place_is_an_error_that_names_it() {
    for text in ["nothing of it\n", "a + b;\na + b;\n"] {
        let rule = mutation(
            "Sum",
            "a + b;\n",
            "a + b * i32::from(!broken(Rule::Sum));\n",
        );

        let error = mutate(text, &[&rule]).expect_err("the text must stand there once");

        assert!(error.to_string().contains("Sum"), "{error}");
    }
}

#[test]
fn a_replacement_that_is_always_wrong_is_refused() {
    let rule = mutation("Sum", "a + b;\n", "a - b;\n");

    let error = mutate("a + b;\n", &[&rule]).expect_err("there is no switch");

    assert!(error.to_string().contains("broken(Rule::Sum)"), "{error}");
}

#[test]
fn two_rules_that_replace_the_same_text_are_refused() {
    let one = mutation(
        "One",
        "a + b;\n",
        "if broken(Rule::One) { c } else { d };\n",
    );
    let other = mutation(
        "Other",
        "a + b;\n",
        "match broken(Rule::Other) { _ => e };\n",
    );

    assert!(mutate("a + b;\n", &[&one, &other]).is_err());
}

#[test]
fn every_rule_has_its_place_in_the_sources() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mutations = read_rules(&root.join("tests/mutants/rules")).unwrap();
    let files: BTreeSet<&str> = mutations.iter().map(|it| it.file.as_str()).collect();
    for file in files {
        let text = fs::read_to_string(root.join(file)).unwrap();
        let here: Vec<&RuleMutation> = mutations.iter().filter(|it| it.file == file).collect();
        let changed = mutate(&text, &here).unwrap_or_else(|error| panic!("{file}: {error:#}"));
        assert!(changed.len() > text.len(), "{file}");
    }
}

#[test]
fn every_rule_of_the_list_is_broken_somewhere_and_no_other_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let broken: BTreeSet<String> = read_rules(&root.join("tests/mutants/rules"))
        .unwrap()
        .into_iter()
        .map(|mutation| mutation.rule)
        .collect();

    let listed = medvirk_mutants::Rule::ALL.iter();

    assert_eq!(
        listed
            .map(|rule| format!("{rule:?}"))
            .collect::<BTreeSet<_>>(),
        broken
    );
}
