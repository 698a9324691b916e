//! Sessions that are named by the beginning of their id.

use serde_json::{Value, json};
use vwm_tests::{Said, World, scripted_agent};

use super::{line, told};

#[tokio::test]
async fn the_beginning_of_an_id_names_a_session_where_only_one_fits() {
    let world = World::start(json!({})).await;
    world.worker(json!({"engine": scripted_agent()})).await;
    let hint = "hint: `vwm session list` shows those that there are\n";
    let none = |beginning: &str| {
        let told = format!("error: there is no session whose id begins with {beginning}\n{hint}");
        Said::new(1, "", told)
    };
    let said = world.says(&["session", "show", "0197"]).await;
    assert_eq!(said, none("0197"));

    let first = line(&world, &["session", "start", "bob"]).await;
    let pasted = format!("{}…", first[..8].to_uppercase());
    let shown: Value = told(&world, &["session", "show", &pasted]).await;
    assert_eq!(shown["session"]["id"], first.as_str());
    let said = world.says(&["prompt", &first[..13], "hello"]).await;
    assert_eq!((said.code, said.out.as_str()), (Some(0), "echo: hello\n"));

    line(&world, &["session", "start", "bob", "--no-wait"]).await;
    // The first four change every seven weeks.
    let beginning = &first[..4];
    let said = world.says(&["session", "show", beginning]).await;
    let several =
        format!("error: several sessions have an id that begins with {beginning}:\n  ID\n  ID\n");
    let hint = "hint: give more of the id: sessions of the same minute begin alike\n";
    assert_eq!(said, Said::new(1, "", several + hint));
    // All but the last letter: the two have the rest of their ids by chance.
    let most = &first[..35];
    let shown: Value = told(&world, &["session", "show", most]).await;
    assert_eq!(shown["session"]["id"], first.as_str());
    let said = world.says(&["session", "show", "0197"]).await;
    assert_eq!(said, none("0197"));
    let said = world.says(&["session", "show", "019"]).await;
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
}
