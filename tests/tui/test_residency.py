"""The Residency tab: what is where by each plane's own count, the last proof, and who read data."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.fakes.installation import NOW, identifier, stamp
from tests.tui.test_signing_in import Starter

pytestmark = [pytest.mark.anyio]
RESIDENCY = ("tab", "down", "enter", "8")
Compare = Callable[[Any, str], Awaitable[None]]
SIZES = [(80, 24), (120, 40)]


GAPS = (
    "the control plane's database: it is elsewhere",
    "the control plane's memory: it shares a process with eu1",
    "eu1's database: it is elsewhere",
)


def keep_proof(
    home: Path, *, elsewhere: tuple[str, ...] = (), unread: tuple[str, ...] = (), gaps: tuple[str, ...] = ()
) -> None:
    """A report as `doctor --residency` keeps it."""
    region = {
        "region": "eu1", "own": 40, "elsewhere": list(elsewhere), "secrets": [], "unread": list(unread), "planted": 64,
        "searched": [{"place": "control", "files": 9, "bytes": 1_200_000_000}], "is_clean": not elsewhere + unread,
        "not_searched": list(gaps),
    }  # fmt: skip
    report = {"began_at": stamp(NOW), "ended_at": stamp(NOW.replace(hour=9)), "regions": [region], "is_clean": True}
    document = {"report": report, "signatures": [{"plane": "eu1", "fingerprint": "3f9ac2d1"}]}
    (home / "proofs").mkdir(exist_ok=True)
    (home / "proofs" / "residency-20260317T090000Z.json").write_text(json.dumps(document))


@pytest.fixture
def open_local(open_app: Any, installation: tuple[Any, Any]) -> Any:
    """The app on the platform's own machine."""
    fake = installation[0]
    return lambda **options: open_app(url=None, platform=Starter(fake.url, fake.socket_path), **options)


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
async def test_residency_looks_as_stored(
    open_local: Any, picture: Compare, tmp_path: Path, size: tuple[int, int]
) -> None:
    keep_proof(tmp_path)
    async with open_local(size=size) as stage:
        await stage.press(*RESIDENCY)

        await picture(stage, "64 words planted")


async def test_each_plane_is_asked_for_itself(open_app: Any) -> None:
    async with open_app(size=(120, 40)) as stage:
        await stage.press(*RESIDENCY)
        await stage.until("13 versions, 2.6 MB")

        assert "is locked to eu1 (Europe) since 2 Mar" in stage.text
        assert "22, of them 9 secret" in stage.text
        assert "9,480 runs, 3.1 GB" in stage.text
        assert "14 jobs, 9,482 runs" in stage.text
        assert "18,204 entries" in stage.text
        assert "Proofs are made on the platform's machine" in stage.text


async def test_loading_is_said(open_app: Any) -> None:
    async with open_app() as stage:
        held = stage.installation.held["/residency"] = anyio.Event()
        await stage.pilot.press(*RESIDENCY)
        await stage.pilot.pause()
        await stage.until("[8 Residency]")
        assert "Loading" in stage.text
        stage.portal.call(held.set)

        await stage.until("13 versions")


async def test_silent_region_is_not_known_which_is_not_nothing(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.silent.add("us1")
        await stage.press(*RESIDENCY)
        await stage.until("us1 is not known: The region is busy.")
        code = next(row for row in stage.text.splitlines() if " Code " in row)

        assert code.split()[-2:] == ["?", "nothing"]
        assert "13 versions" in code


async def test_own_region_that_does_not_answer_leaves_what_the_control_plane_knows(
    open_app: Any, picture: Compare
) -> None:
    async with open_app() as stage:
        stage.installation.refusals["/audit-entries"] = (503, {"detail": "The region is busy.", "code": "busy"})
        await stage.press(*RESIDENCY)

        await picture(stage, "eu1 is not known: The region is busy.")
        assert "14 jobs, 9,482 runs" in stage.text


async def test_silence_of_its_region_is_not_waited_for_by_what_the_control_plane_knows(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.silent.add("eu1")
        held = stage.installation.held["/audit-entries"] = anyio.Event()
        await stage.press("ctrl+r", "tab", "down", "enter")
        await stage.pilot.press("8")
        await stage.until(" Code ")
        await stage.pilot.press("i")
        await stage.until("14 jobs, 9,482 runs")
        code = next(row for row in stage.text.splitlines() if " Code " in row)

        assert "?" in code.split()
        stage.portal.call(held.set)


async def test_region_that_holds_what_it_must_not_is_told_of(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.held_elsewhere.add(identifier("organization/orchard-eu"))
        await stage.press(*RESIDENCY)

        await stage.until("✗ something")


async def test_trail_is_for_owners_and_counts_are_for_all(open_app: Any, picture: Compare) -> None:
    async with open_app() as stage:
        stage.installation.refusals["/audit-entries"] = (403, {"detail": "This is for owners.", "code": "no"})
        stage.installation.workspace_role = "viewer"
        await stage.press(*RESIDENCY)

        await picture(stage, "The trail is for owners; you are a viewer. Ask ana@orchard.example.")
        assert "13 versions" in stage.text


async def test_trail_is_filtered_paged_and_opened(open_app: Any) -> None:
    async with open_app(size=(120, 30)) as stage:
        await stage.press(*RESIDENCY)
        await stage.until("variables resolved")
        await stage.press("G")
        await stage.until("11 h ago")
        await stage.press("G")
        await stage.until("16 h ago")
        await stage.press("enter")
        await stage.until("Hash")
        assert "entry " in stage.text
        await stage.press("escape", "slash", *"deployment", "enter")

        assert "deployment files listed" in stage.text
        assert "log read" not in stage.text
        asked = [path for _, path, _ in stage.installation.requests if path.endswith("/audit-entries")]
        assert len(asked) == 2


async def test_looking_writes_no_more_entries_than_keys_ask_for(open_app: Any) -> None:
    async with open_app() as stage:
        stage.app.context.poll_seconds = 0.05
        await stage.press(*RESIDENCY)
        await stage.until("variables resolved")
        await stage.press("j", "question_mark", "escape")
        await anyio.sleep(0.3)

        asked = [path for _, path, _ in stage.installation.requests if path.endswith("/audit-entries")]
        assert len(asked) == 1


async def test_kind_leads_to_its_tab(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*RESIDENCY, "j", "j", "enter")

        await stage.until("[4 Vars]")


async def test_proof_is_read_and_says_where_words_were_found(open_local: Any, tmp_path: Path) -> None:
    keep_proof(tmp_path, elsewhere=("control: control/control.db",))
    async with open_local() as stage:
        await stage.press(*RESIDENCY)
        await stage.until("no proof")
        await stage.press("slash", *"zzzz", "enter", "G", "enter")

        await stage.until("This is no proof.")
        assert "control/control.db" in stage.text


async def test_a_proof_claims_no_more_than_was_searched_on_every_screen(open_local: Any, tmp_path: Path) -> None:
    keep_proof(tmp_path, gaps=GAPS)
    async with open_local(size=(120, 40)) as stage:
        await stage.press(*RESIDENCY)
        await stage.until("Nothing left its region, as far as was searched")
        assert "Unsearched  the control plane's database, the control plane's memory, eu1's database" in stage.text
        await stage.press("slash", *"zzzz", "enter", "G", "enter")
        await stage.until("Nothing left its region, as far as was searched.")
        assert all(gap in stage.text for gap in GAPS)
        await stage.press("escape", "colon", *"guide", "enter")

        await stage.until("✓ 5  See the proof            Nothing left its region, as far as was searched.")


async def test_a_folder_that_could_not_be_read_makes_it_no_proof(open_local: Any, tmp_path: Path) -> None:
    keep_proof(tmp_path, unread=("eu1: orgs: Permission denied",))
    async with open_local() as stage:
        await stage.press(*RESIDENCY)
        await stage.until("no proof")

        assert "Nothing left" not in stage.text


async def test_signed_report_is_saved_as_it_is(open_local: Any, tmp_path: Path) -> None:
    keep_proof(tmp_path)
    async with open_local() as stage:
        await stage.press(*RESIDENCY)
        await stage.until("64 words planted")
        assert "save report" not in stage.text
        while "save report" not in stage.text:
            await stage.press("j")
        await stage.press("S", "ctrl+u")
        await stage.until("Save the signed report")
        await stage.type(str(tmp_path / "copy.json"))
        await stage.press("enter")

        await stage.until("Saved the report to")
        (kept,) = (tmp_path / "proofs").iterdir()
        assert (tmp_path / "copy.json").read_text() == kept.read_text()


async def test_never_proved_says_how(open_local: Any) -> None:
    async with open_local() as stage:
        await stage.press(*RESIDENCY)
        await stage.until("Not proved yet. ! plants words")
        await stage.press("exclamation_mark")
        await stage.until("Prove that nothing leaves its region?")
        await stage.press("escape")

        assert "[8 Residency]" in stage.text


async def test_proof_without_a_running_platform_says_why(open_local: Any) -> None:
    async with open_local() as stage:
        await stage.press(*RESIDENCY, "exclamation_mark", "enter")

        await stage.until("No control plane runs for")


async def test_read_only_session_makes_no_proof(open_local: Any) -> None:
    async with open_local(read_only=True) as stage:
        await stage.press(*RESIDENCY, "exclamation_mark")

        assert "this session is read-only" in stage.text


async def test_doctor_looks_at_this_machine(open_app: Any) -> None:
    async with open_app(size=(100, 40)) as stage:
        await stage.press("exclamation_mark")
        await stage.until("This is your machine")
        await stage.press("slash", *"python")
        await stage.until("Python 3")


async def test_limits_say_that_a_small_file_is_guessed_from_its_hash(open_app: Any) -> None:
    async with open_app(size=(120, 40)) as stage:
        await stage.press("tab", "down", "enter", "8", "i")

        await stage.until("a small file can be guessed from its hash")


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
async def test_strictness_sheet_looks_as_stored(open_app: Any, picture: Compare, size: tuple[int, int]) -> None:
    async with open_app(size=size) as stage:
        await stage.press(*RESIDENCY, "W")

        await picture(stage, "All stored versions are rewritten at once")


async def test_words_of_definitions_are_withheld_only_after_asking_and_stored_again(open_app: Any) -> None:
    async with open_app() as stage:
        await stage.press(*RESIDENCY, "i")
        await stage.until("Not strict")
        await stage.press("i", "W")
        await stage.until("All stored versions are rewritten at once")
        await stage.press("escape")
        assert stage.posted("strictness") == []
        await stage.press("W", "enter")
        await stage.until("fruitshop is strict:")
        await stage.press("i")
        await stage.until("Strict: defaults, examples, constants")
        await stage.press("W")
        await stage.until("What was withheld stays withheld")
        await stage.press("enter")
        await stage.until("fruitshop is strict no longer")

        assert stage.posted("strictness") == [{"is_strict": True}, {"is_strict": False}]


async def test_strictness_is_for_owners(open_app: Any) -> None:
    async with open_app() as stage:
        stage.installation.organizations[0]["role"] = "developer"
        await stage.press("ctrl+r", *RESIDENCY, "W")

        await stage.until("Strictness is set by owners of the workspace; you are a developer.")


async def test_trail_says_whether_its_chain_is_intact(open_app: Any) -> None:
    async with open_app(size=(100, 30)) as stage:
        await stage.press("tab", "down", "enter", "8")
        await stage.until("18,204 entries, chain intact")
        stage.installation.broken_at = 18113
        await stage.press("ctrl+r")
        await stage.until("chain broken")

        assert "✗ The trail does not add up after entry 18,112. Everything before it is intact." in stage.text

        stage.installation.refusals["/audit-chain"] = (503, {"detail": "stopping", "code": "unavailable"})
        await stage.press("ctrl+r")

        assert "chain" not in stage.text, "not known is not intact"


async def test_fifth_step_of_the_guide_is_the_proof_and_with_a_clean_one_the_guide_is_gone(
    open_local: Any, tmp_path: Path
) -> None:
    keep_proof(tmp_path, elsewhere=("control: control/control.db",))
    async with open_local() as stage:
        await stage.press("colon", *"guide", "enter")
        await stage.until("◌ 5  See the proof")
        keep_proof(tmp_path)
        await stage.press("ctrl+r")
        await stage.until("All five steps are done. :guide shows them again.")
        assert "Workspaces" in stage.text

        await stage.press("colon", *"guide", "enter")
        await stage.until("✓ 5  See the proof")
        await stage.press("G", "enter")
        await stage.until("[8 Residency]")
