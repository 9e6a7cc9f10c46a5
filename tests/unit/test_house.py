from dlthub_tui import styles_folder


def test_styles_are_found_from_the_repository() -> None:
    assert (styles_folder() / "base.tcss").is_file()
