//! docs/configuration.md says what the program says.

use beffroi_it::House;
use std::path::Path;

const TOP: &str = "# Settings\n\nThis page is what `beffroi config --reference` prints, and a test holds it equal \
(`UPDATE_GOLDEN=1 cargo nextest run -p beffroi-it configuration` writes it again). Nothing has to be set: the \
defaults run a server for one machine. A file `beffroi.toml` in the data folder, or the one named by `--config`, \
changes what it says and nothing else; a key that does not exist or a value out of its bounds stops the start with \
the key's name.\n\n`--listen` and `--media` on the command line come before the file. `BEFFROI_LOG` in the environment \
says how much is logged to standard error (`info` when absent; `debug`, `warn`, or `beffroi=debug,info` by module).\n";

#[test]
fn the_page_of_settings_is_what_the_program_prints() {
    let said = House::empty().run(&["config", "--reference"]).well();
    let page = format!("{TOP}\n```toml\n{said}```\n");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/configuration.md is out of date; UPDATE_GOLDEN=1 writes it again");
}

#[test]
fn what_it_prints_can_be_used_as_it_is() {
    let house = House::empty();
    let said = house.run(&["config", "--reference"]).well();
    let house = House::with_settings(&said);
    house.run(&["tenant", "add", "mairie.test", "--name", "Mairie"]).well();
}
