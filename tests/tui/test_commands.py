"""Keys that work everywhere: the command log, taking back, web pages, saving a list, lines entered before."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.installation import identifier
from tests.tui.waiting import until

from dlthub_tui.viewmodel.options import Reach

pytestmark = [pytest.mark.anyio]
WORKSPACE = ("tab", "down", "enter")
Compare = Callable[[Any, str], Awaitable[None]]
SIZES = [(80, 24), (120, 40)]


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
async def test_command_log_looks_as_stored(open_app: Any, picture: Compare, size: tuple[int, int]) -> None:
    async with open_app(size=size) as stage:
        await stage.press(*WORKSPACE, "j", "r", "2", "s", "at", "j", "j")

        await picture(stage, "dlthub-tui run orchard-eu/fruitshop/ingest.load_customers")


async def test_command_log_says_what_keys_did_and_copies_their_twin(open_app: Any) -> None:
    async with open_app(size=(140, 30)) as stage:
        await stage.press("at")
        assert "1 key did something" not in stage.text
        await stage.press("escape", *WORKSPACE, "j", "r")
        await stage.until("Started ingest.load_customers")
        await stage.press("at", "c")

        first = next(row for row in stage.text.splitlines() if "❯" in row)
        assert "Started ingest.load_customers 512" in first
        assert "r " in first
        assert stage.app.clipboard == "dlthub-tui run orchard-eu/fruitshop/ingest.load_customers"
        assert "next row" not in stage.text


async def test_an_answer_stands_beside_the_key_that_it_answers(open_app: Any) -> None:
    async with open_app(size=(140, 30)) as stage:
        await stage.press(*WORKSPACE, "2", "l")
        await stage.until("page=120")
        await stage.press("m", "e")
        await stage.until("No error in")

        said = {entry.title: entry.said for entry in stage.app.context.log.entries}
        assert said["next masked"] == ""
        assert said["next error"].startswith("No error in")


async def test_pause_is_taken_back_once(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "p")
        await stage.until("ingest.load_orders is paused. u resumes it.")
        await stage.press("u")
        await stage.until("Taken back. ingest.load_orders goes on.")
        assert not stage.installation.jobs[0]["is_paused"]
        await stage.press("u")

        assert "Nothing here can be taken back." in stage.text


async def test_job_is_archived_by_its_name_and_brought_back(open_app: Any) -> None:
    async with open_app() as stage:
        job = stage.installation.jobs[0]
        await stage.press(*WORKSPACE, "D")
        await stage.until("Archive ingest.load_orders")
        await stage.press("enter")
        assert not job["is_archived"]
        await stage.type("ingest.load_orders")
        await stage.press("enter")
        await stage.until("ingest.load_orders is archived. u takes that back.")
        assert job["is_archived"]
        await stage.press("u")
        await stage.until("ingest.load_orders is back.")
        assert not job["is_archived"]

        await stage.press("slash", *"archived", "enter", "D")
        await stage.until("report.weekly_pdf is back.")


async def test_marked_jobs_are_archived_together_also_those_that_a_filter_hides(open_app: Any) -> None:
    async with open_app() as stage:
        first, second = stage.installation.jobs[:2]
        await stage.press(*WORKSPACE, "space", "space", "slash", *"returns", "enter")
        assert "2 marked, 2 of them not shown" in stage.text
        await stage.press("D")
        await stage.until("Archive 2 jobs")
        assert "ingest.load_orders, ingest.load_customers" in stage.text
        assert "Type how many to archive them:" in stage.text
        await stage.type("2 jobs")
        await stage.press("enter")
        await stage.until("2 jobs are archived. u takes that back.")
        assert first["is_archived"]
        assert second["is_archived"]
        await stage.press("u")
        await stage.until("2 jobs are back.")
        assert not first["is_archived"]
        assert not second["is_archived"]


async def test_app_is_published_and_hidden_again(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "P")
        assert "Only an interactive job can be published" in stage.text
        await stage.press("slash", *"notebooks", "enter", "P")
        await stage.until("notebooks.orders is open to everybody with the link")
        assert stage.app.clipboard.endswith("/public/s1")
        await stage.press("P")

        await stage.until("notebooks.orders is not published any more.")


async def test_plain_variable_is_taken_back_and_a_secret_is_not(open_app: Any) -> None:
    def value() -> Any:
        rows = [row for row in stage.installation.variables if row["name"] == "LOG_LEVEL"]
        return [row["value"] for row in rows]

    async with open_app() as stage:
        await stage.press(*WORKSPACE, "4", "slash", *"LOG", "enter", "enter", "ctrl+u", *"DEBUG", "enter")
        await stage.until("u takes that back.")
        assert value() == ["DEBUG"]
        await stage.press("u")
        await stage.until("The variables are as they were.")
        assert value() == ["INFO"]

        await stage.press("D", "enter")
        await stage.until("u brings it back.")
        await stage.press("u")
        await stage.until("The variables are as they were.")
        assert value() == ["INFO"]


async def test_pages_of_places_are_copied_where_there_is_no_desktop(open_app: Any) -> None:
    async with open_app() as stage:
        url, workspace = stage.installation.url, identifier("workspace/fruitshop")
        await stage.press("o")
        assert stage.app.clipboard == f"{url}/"
        await stage.press(*WORKSPACE, "o")
        assert stage.app.clipboard.startswith(f"{url}/w/{stage.installation.workspaces[0]['id']}/jobs/"), workspace
        await stage.press("2", "o")
        assert "/runs/" in stage.app.clipboard
        await stage.press("enter", "o")
        assert "/runs/" in stage.app.clipboard
        await stage.press("escape", "3", "o")

        assert stage.app.clipboard == f"{url}/w/{stage.installation.workspaces[0]['id']}"


async def test_masked_lines_are_opened_from_the_list(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "2", "m")

        await stage.until("line 121 of 125")


async def test_list_is_saved_as_a_table_and_never_over_a_file(
    open_app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "2", "slash", *"failed", "enter", "S")
        await stage.until("fruitshop-runs.tsv")
        await stage.press("enter")
        await stage.until("rows to")

        saved = (tmp_path / "fruitshop-runs.tsv").read_text().splitlines()
        assert saved[0].split("\t")[1:4] == ["State", "Job", "Run"]
        assert all("failed" in row for row in saved[1:])
        assert (tmp_path / "fruitshop-runs.tsv").stat().st_mode & 0o777 == 0o600
        await stage.press("S", "enter")

        await stage.until("exists already")


async def test_lines_entered_before_come_back(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "colon", *"runs", "enter")
        await stage.press("colon", *"jobs", "enter", "colon")
        await stage.press("up")
        assert stage.text.splitlines()[-2].startswith(" :jobs")
        await stage.press("up")
        assert stage.text.splitlines()[-2].startswith(" :runs")
        await stage.press("down", "down")
        assert stage.text.splitlines()[-2].strip().strip("▁") == ":"
        await stage.press("up", "up", "enter")

        assert "[2 Runs]" in stage.text


async def test_read_only_session_takes_nothing_back(open_app: Any) -> None:
    async with open_app(read_only=True) as stage:
        for key in ("u", "D", "P"):
            await stage.press(*(() if key == "u" else WORKSPACE[:0]), key)
        await stage.press(*WORKSPACE, "D")

        assert "read-only and changes nothing" in stage.text


async def test_key_is_changed_in_the_help_and_kept(open_app: Any, tmp_path: Path) -> None:
    (tmp_path / "client").mkdir(mode=0o700)
    (tmp_path / "client" / "settings.toml").write_text('# mine\nother = 1\n[keys]\n# why\n"nav.home" = "f9"\n')
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "question_mark", *"start it now", "ctrl+e")
        await stage.until("Press the new key for run, now r.")
        await stage.press("l")
        await stage.until("Nothing changed. l is log (log.open); run.start keeps its own key.")
        await stage.press("ctrl+e", "escape")
        await stage.until("The key stays as it is.")
        await stage.press("ctrl+e", "f6")
        await stage.until("run is f6 now.")
        await stage.press("escape")
        assert "f6 run" in stage.text.splitlines()[-1]
        await stage.press("j", "f6")
        await stage.until("Started ingest.load_customers")

    kept = (tmp_path / "client" / "settings.toml").read_text()
    assert tomllib.loads(kept) == {"other": 1, "keys": {"nav.home": "f9", "run.start": "f6"}}
    assert "# mine" in kept
    assert "# why" in kept
    async with open_app() as stage:
        await stage.press(*WORKSPACE)

        assert "f6 run" in stage.text.splitlines()[-1]


async def test_settings_that_cannot_be_read_are_not_written_over(open_app: Any, tmp_path: Path) -> None:
    async with open_app() as stage:
        (tmp_path / "client" / "settings.toml").write_text("[keys")
        await stage.press(*WORKSPACE, "question_mark", *"start it now", "ctrl+e", "f6")

        await stage.until("Nothing changed.")
        assert (tmp_path / "client" / "settings.toml").read_text() == "[keys"


async def test_facts_filter_runs_and_jobs(open_app: Any) -> None:
    async with open_app(size=(120, 40)) as stage:
        await stage.press(*WORKSPACE, "2", "slash", *"took", "greater_than_sign", *"20m", "enter")
        assert "backfill.orders_2024" in stage.text
        assert "ingest.load_returns" not in stage.text
        await stage.press("slash", "ctrl+u", *"rows", "less_than_sign", *"1k", "enter")

        assert "ingest.load_returns" in stage.text
        assert "backfill.orders_2024" not in stage.text


async def test_lists_are_sorted_by_the_next_order(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("s")
        assert "Sorted by runs that go on." in stage.text
        await stage.press(*WORKSPACE, "3", "s")
        assert "Sorted by size." in stage.text
        await stage.press("4", "s")
        assert "Sorted by changed last." in stage.text
        await stage.press("s", "s")
        first = next(row for row in stage.text.splitlines() if "❯" in row)
        assert "SOURCES__SHOP__API_KEY" in first
        await stage.press("1", "enter", "s", "s")
        assert "Sorted by state, turned round." in stage.text
        await stage.press("s")

        assert "Sorted by took." in stage.text


async def test_same_order_again_turns_it_round(open_app: Any) -> None:
    def names(text: str) -> list[str]:
        return [row[4:36].strip() for row in text.splitlines() if "every" in row and "─" not in row]

    async with open_app(size=(120, 40)) as stage:
        await stage.press(*WORKSPACE, "s")
        by_name = names(stage.text)
        await stage.press("s")

        assert "Sorted by name, turned round." in stage.text
        assert names(stage.text) == by_name[::-1]
        assert len(by_name) > 2


async def test_a_job_is_run_so_that_it_loads_everything_again(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "colon")
        await stage.type("run returns")
        await stage.until("dlthub-tui run orchard-eu/fruitshop/ingest.load_returns")
        await stage.press("down")
        await stage.until("dlthub-tui run orchard-eu/fruitshop/ingest.load_returns --refresh")
        await stage.press("tab", "enter")
        await stage.until("Started ingest.load_returns")

        (body,) = stage.posted("trigger")
        assert body["refresh"] is True


async def test_the_command_line_says_the_same_in_a_shell_and_takes_half_of_a_tall_screen(open_app: Any) -> None:
    async with open_app(size=(120, 40)) as stage:
        await stage.press(*WORKSPACE, "colon")
        await stage.type("pause")
        await stage.until("dlthub job pause ingest.load_orders")
        assert "Same in a shell, in a folder connected to the workspace:" in stage.text
        await stage.press("ctrl+u")
        await stage.until("❯  help ")

        rows = stage.text.splitlines()
        (at,) = [number for number, row in enumerate(rows) if row.startswith("─ Commands")]
        assert at == 20
        assert "[ ctrl+o" in stage.text
        assert sum("  " in row for row in rows[21:37]) > 9


async def test_enter_on_nothing_typed_says_so_and_stays(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "S", "ctrl+u", "enter")
        await stage.until("Nothing is typed yet. Type it, or press esc.")
        await stage.press("escape", "d", "ctrl+u", "enter")

        await stage.until("Nothing is typed yet. Type it, or press esc.")
        assert stage.app.screen.is_modal


async def test_f1_says_the_keys_of_a_sheet_and_does_them(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "2", "x")
        await stage.until("Stop ingest.load_orders 1041?")
        await stage.press("f1")
        await stage.until("Runs › help")
        await stage.type("esc")
        await stage.until("one step back")
        await stage.press("enter")

        await until(stage.pilot, lambda: "Stop ingest" not in stage.text and "Runs › help" not in stage.text, "back")


async def test_what_is_copied_is_the_link_of_the_row(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "enter", "y")
        assert "Copied orchard-eu/fruitshop/ingest.load_orders" in stage.text
        await stage.press("2", "y")
        assert "Copied orchard-eu/fruitshop/ingest.load_orders/1041" in stage.text
        await stage.press("slash", *"nothing", "enter", "y")

        assert "Copied orchard-eu/fruitshop:runs" in stage.text


async def test_help_names_the_keys_of_a_place_after_it(open_app: Any) -> None:
    async with open_app(size=(120, 60)) as stage:
        await stage.press(*WORKSPACE)
        for keys, title in (((), "Jobs"), (("2",), "Runs"), (("1", "enter"), "Job")):
            await stage.press(*keys, "?")
            groups = re.findall(r"─ ([A-Za-z ]*) ─", stage.text)

            assert groups[0] == title, stage.text
            assert "verbs" not in map(str.lower, groups)
            await stage.press("escape")


async def test_name_of_another_place_does_nothing_and_says_so(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("colon")
        await stage.type("runs")

        assert '"runs" does nothing here' in stage.text
        await stage.press("enter")
        assert ":runs" in stage.text, "nothing was done"
        await stage.press("escape")
        await stage.press("colon")
        assert "with runs active asks about the platform" in stage.text, "sentences are whole where names are short"


async def test_footer_says_what_works_while_a_line_is_typed(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*WORKSPACE, "slash")
        assert " ".join(stage.text.rstrip().splitlines()[-1].split()) == "enter keep the filter esc clear it f1 help"

        await stage.press("escape")
        assert "enter open" in stage.text.rstrip().splitlines()[-1]
        await stage.press("2", "j", "l", "ampersand")
        assert " ".join(stage.text.rstrip().splitlines()[-1].split()) == "enter do it esc leave f1 help"


async def test_lines_of_the_command_line_stand_in_the_command_log(open_app: Any) -> None:
    async with open_app(size=(140, 30)) as stage:
        await stage.press(*WORKSPACE, "colon")
        await stage.type("run load_returns")
        await stage.press("enter", "colon")
        await stage.type("open orchard-eu/fruitshop/ingest.load_orders")
        await stage.press("enter")
        await stage.until("─ Fires ─")
        await stage.press("at")

        assert "open orchard-eu/fruitshop/ingest.load_orders" in stage.text
        entry = next(row for row in stage.text.splitlines() if "run ingest.load_returns" in row)
        assert "Started ingest.load_returns" in entry
        assert "dlthub-tui run orch" in entry
        assert "…" in entry
        await stage.press("down")
        assert "In a shell  dlthub-tui run orchard-eu/fruitshop/ingest.load_returns\n" in stage.text.replace(
            " \n", "\n"
        )


async def test_a_long_line_breaks_no_layout_and_is_copied_whole(open_app: Any) -> None:
    home = f"/srv/{'deep/' * 20}home of the shop"
    async with open_app(reach=Reach(home=home)) as stage:
        await stage.press(*WORKSPACE, "colon")
        await stage.type("run load_returns")
        await stage.until("dlthub-tui run orchard-eu/fruit")
        await stage.press("enter", "at", "c")

        assert stage.app.clipboard == shlex.join(
            ["dlthub-tui", "run", "orchard-eu/fruitshop/ingest.load_returns", "--home", home]
        )
        rows = [row.rstrip() for row in stage.text.splitlines()]
        at = next(n for n, row in enumerate(rows) if "In a shell" in row)
        assert rows[at].endswith("ingest.load_returns --home")
        assert rows[at + 1].startswith(" " * 15 + "'/srv/deep/")
        assert rows[at + 1].endswith("…")
        assert len(rows) == 24


async def test_what_home_lists_is_copied_as_its_link(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press("tab", "down", "y")
        assert stage.app.clipboard == "orchard-eu/fruitshop"
        await stage.press("g", "y")
        assert re.fullmatch(r"orchard-eu/fruitshop/[a-z_.]+/\d+", stage.app.clipboard), stage.app.clipboard

        await stage.press("tab", "y")
        assert "This place has no link." in stage.text


async def test_a_workspace_with_a_namesake_is_copied_by_its_id(open_app: Any) -> None:
    async with open_app() as stage:
        shop = next(item for item in stage.installation.workspaces if item["name"] == "fruitshop")
        stage.installation.workspaces.append({**shop, "id": identifier("another fruitshop")})
        await stage.press("ctrl+r", *WORKSPACE, "slash", *"load_orders", "enter", "Y")

        assert stage.app.clipboard == f"dlthub-tui run {shop['id']}/ingest.load_orders"
        await stage.press("y")
        assert stage.app.clipboard == f"{shop['id']}/ingest.load_orders"


async def test_a_place_is_copied_as_the_command_line_that_lists_it(open_app: Any) -> None:
    async with open_app() as stage:
        for keys, line in (
            (("Y",), "dlthub-tui logs orchard-eu/fruitshop/transform.orders_daily/640"),
            (("tab", "Y"), "dlthub-tui workspaces"), (("down", "Y"), "dlthub-tui jobs orchard-eu/fruitshop"),
            (("9", "Y"), "dlthub-tui doctor"),
            (("0", "g", "tab", "down", "enter", "3", "Y"), "dlthub workspace deployment list"),
            (("5", "Y"), "dlthub pipeline show orders_pipeline"),
            (("enter", "Y"), "dlthub pipeline show orders_pipeline"),
            (("escape", "7", "Y"), "dlthub-tui open orchard-eu/fruitshop:alerts"),
            (("8", "Y"), "dlthub-tui doctor --residency"),
        ):  # fmt: skip
            await stage.press(*keys)
            assert stage.app.clipboard == line


async def test_a_name_that_a_shell_would_obey_is_quoted(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.workspaces[0]["name"] = "a; rm -rf $HOME"
        await stage.press("ctrl+r", "0", "g", "tab", "down", "enter", "enter", "b", "Y")

        assert shlex.split(stage.app.clipboard)[2].startswith("orchard-eu/a; rm -rf $HOME/")
