"""The words of the command line. Each command is a few lines: it reads options, calls one function, says the result."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter

from dlthub_tui.cli import exits
from dlthub_tui.cli.misuse import sentence_of_misuse
from dlthub_tui.cli.options import Ascii, Calm, Home, Json, ReadOnly, Repeated, Slow, Switch, Whole
from dlthub_tui.settings import find_home, forget_odd_size, our_version
from planes.wire.addresses import LAST_PORT

app = App(
    name="dlthub-tui",
    help="A terminal-first, self-hosted data-job platform. Without a word, opens the terminal app.",
    version=our_version,
    help_format="plaintext",
)
# Loaded when it is asked for: its HTTP client takes 0.1 s that a filter need not wait for.
app.command("dlthub_tui.cli.admin:admin", name="admin", help="Administer the platform of this machine.")
for _name, _place in (
    ("run", "working:run"),
    ("logs", "working:logs"),
    ("stop", "working:stop"),
    ("backfill", "backfilling:backfill"),
    ("webhook", "webhooking:webhook"),
    ("open", "working:open_link"),
    ("trust", "trusting:trust"),
    ("runs", "listing:runs"),
    ("jobs", "listing:jobs"),
    ("workspaces", "listing:workspaces"),
    ("invites", "inviting:invites"),
    ("invite", "inviting:invite"),
):
    app.command(f"dlthub_tui.cli.{_place}", name=_name)


def run_command(words: Sequence[str]) -> int:
    """Runs one command line; returns the exit code of DESIGN 13."""
    forget_odd_size()
    if list(words) in (["--help"], ["-h"]):
        for name in app:
            app[name]  # loaded: a command that is not has no words in the list of them
    try:
        result = app(list(words), exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError as exc:
        exits.say_error(sentence_of_misuse(exc, app))
        return exits.WRONG_USAGE
    except KeyboardInterrupt:
        exits.end_by(signal.SIGINT)
        return exits.FAILED
    except OSError as exc:
        return exits.end_unwritten(exc)
    return result if isinstance(result, int) else exits.DONE


@app.default
def open_here(
    *,
    home: Home = None,
    read_only: ReadOnly = False,
    ascii_only: Ascii = False,
    slow: Slow = False,
    calm: Calm = False,
) -> int:
    """Open the terminal app."""
    from dlthub_tui.cli.opening import OpenRequest, open_on_terminal

    return open_on_terminal(OpenRequest(home=home, read_only=read_only, ascii=ascii_only, slow=slow, calm=calm))


@app.command
def connect(
    url: str,
    *,
    home: Home = None,
    read_only: ReadOnly = False,
    ascii_only: Ascii = False,
    slow: Slow = False,
    calm: Calm = False,
    sign_out: Switch = False,
) -> int:
    """Open the terminal app against another installation.

    Parameters
    ----------
    url
        The address of its control plane.
    sign_out
        Instead, end the sign-in there that is stored here, and forget it.
    """
    from dlthub_tui.cli.opening import OpenRequest, open_on_terminal

    if not url.lower().startswith(("https://", "http://")):
        from dlthub_tui.client.errors import NoAddress

        exits.say_error(NoAddress(url).sentence)
        return exits.WRONG_USAGE
    if sign_out:
        from dlthub_tui.cli.signing_out import sign_out_at

        return sign_out_at(url, find_home(home))
    return open_on_terminal(
        OpenRequest(home=home, url=url, read_only=read_only, ascii=ascii_only, slow=slow, calm=calm)
    )


@app.command
def serve(
    part: Literal["all", "control", "data"] = "all",
    *,
    home: Home = None,
    host: str = "127.0.0.1",
    port: Whole | None = None,
    insecure: Switch = False,
    region: str | None = None,
    control_plane: str | None = None,
    join_token_file: Path | None = None,
    public_url: str | None = None,
    log_level: Literal["debug", "info", "warning", "error"] = "info",
) -> int:
    """Run the planes without the terminal app; prints one JSON line when ready. SIGTERM drains; runs go on.

    Parameters
    ----------
    part
        all planes, the control plane alone, or one data plane alone.
    host
        The address to listen on.
    port
        The first port; 0 takes free ones. Default: those of the last start, else 8400 for the control plane, 8401 us1,
        8402 eu1, 8403 another region.
    insecure
        Listen beyond this machine without TLS.
    region
        With data: its id, such as eu1; needed once, its home remembers it.
    control_plane
        With data: the control plane's URL; needed once.
    join_token_file
        With data: the file that `admin data-plane add` gave the token for; needed once.
    public_url
        With control or data: the address that clients use, where it differs; said at each start.
    log_level
        How much is said on standard error.
    """
    from dlthub_tui.embed.serving import CannotStart, ServeRequest, WrongOptions, serve

    request = ServeRequest(
        home=find_home(home),
        version=our_version(),
        part=part,
        host=host,
        port=port,
        insecure=insecure,
        public_url=public_url,
        region=region,
        control_plane=control_plane,
        join_token_file=join_token_file,
        log_level=log_level,
    )
    try:
        serve(request)
    except WrongOptions as exc:
        exits.say_error(str(exc))
        return exits.WRONG_USAGE
    except CannotStart as exc:
        exits.say_error(str(exc))
        return exits.FAILED
    return exits.DONE


@app.command
def web(
    *,
    home: Home = None,
    port: Annotated[Whole, Parameter(show_default=True)] = 0,
    read_only: ReadOnly = False,
) -> int:
    """Show the terminal app in a browser of this machine, signed in as the home's owner.

    Prints a link that opens one browser, once. Listens on 127.0.0.1 only. Ctrl+C ends it, and the app in every tab.

    Parameters
    ----------
    port
        The port to listen on; 0 takes a free one.
    """
    if not 0 <= port <= LAST_PORT:
        exits.say_error(f"--port takes 0 to {LAST_PORT}.")
        return exits.WRONG_USAGE
    try:
        from dlthub_tui.cli.web.serving import WebRequest, serve_app
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.startswith("dlthub_tui"):
            raise
        exits.say_error(
            f"The app in a browser needs the package textual-serve; {exc.name} is missing here. Install it."
        )
        return exits.FAILED
    return serve_app(WebRequest(find_home(home), port, read_only))


@app.command
def example(folder: Path = Path("weather"), /, *, as_json: Json = False) -> int:
    """Write an example workspace into a new folder, to deploy it and to change it.

    Parameters
    ----------
    folder
        The folder to make; weather unless another one is named.
    """
    from dlthub_tui.cli.examples import write_example

    return write_example(folder, as_json=as_json)


@app.command
def completion(shell: Literal["bash", "zsh", "fish"], /) -> int:
    """Print the completion of a shell, for what is not installed where shells look.

    bash: eval "$(dlthub-tui completion bash)", zsh: the same after compinit,
    fish: dlthub-tui completion fish | source.

    Parameters
    ----------
    shell
        Which shell.
    """
    from dlthub_tui.cli.shells import render_evaluated

    print(render_evaluated(app, shell), end="", flush=True)
    return exits.DONE


@app.command
def doctor(*, home: Home = None, residency: Switch = False, as_json: Json = False) -> int:
    """Say what is installed, active and missing here, and whether the audit logs are whole.

    Changes nothing. Exits with 1 when something is bad.

    Parameters
    ----------
    residency
        Instead, prove residency: plant random words in every region of the platform that runs for this home,
        run jobs with them, search every byte of the home for them, and print a signed report. It uses an
        organization of its own in each region, residency-proof-REGION.
    """
    if residency:
        from dlthub_tui.cli.proving import run_proof

        return run_proof(find_home(home), as_json=as_json)
    from dlthub_tui.cli.doctor import run_doctor

    return run_doctor(find_home(home), as_json=as_json)


@app.command
def demo(
    *,
    home: Annotated[Path | None, Parameter(help="Use this folder and keep it; default: a temporary one.")] = None,
    autoplay: Switch = False,
    record: Path | None = None,
    pace: Annotated[float, Parameter(show_default=True)] = 1.0,
    headless: Switch = False,
) -> int:
    """Show the product on a platform of its own, with real runs in both regions.

    The last row says what happens and which keys do it. With --autoplay they
    press themselves: space pauses, any other key takes over, ctrl+] gives the
    tour back. Without it, ctrl+] presses the keys of the moment.

    Parameters
    ----------
    autoplay
        Play the tour.
    record
        Play the tour at 80x24 and write an asciinema cast to this file, and stills into a folder of its name.
    pace
        How fast the tour is: 1 to read along, 0 as fast as the screen follows.
    headless
        Without a terminal: run the main job, print its log and leave.
    """
    if headless:
        from dlthub_tui.cli.headless import run_main_job

        return run_main_job(home)
    if not 0 <= pace <= 10:
        exits.say_error("--pace takes 0 to 10.")
        return exits.WRONG_USAGE
    from dlthub_tui.cli.opening import has_terminal
    from dlthub_tui.settings import cannot_be_drawn_on

    if record is None and (cannot_be_drawn_on() or not has_terminal()):
        exits.say_error("The demo needs a terminal. --record FILE plays it without one, --headless runs the main job.")
        return exits.WRONG_USAGE
    from dlthub_tui.cli.tour.touring import Tour, run_tour

    return run_tour(Tour(home, autoplay or record is not None, record, pace))


@app.command
def scrub(
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    value_file: Repeated[Path] = None,
    env: Repeated[str] = None,
    pii: str | None = None,
    counts: Switch = False,
    guard: Switch = False,
) -> int:
    """Print a log without its secrets, as in `tail -f app.log | dlthub-tui scrub -`.

    What is found becomes [masked:RULE]; all else comes out byte for byte, as it
    comes. Needs no platform. Values are never given on the command line, where
    others can read them.

    Parameters
    ----------
    file
        The file to read, or - for standard input.
    value_file
        Also mask each line of this file, in every form in which programs print a value. May be repeated.
    env
        Also mask the value of this environment variable, as [masked:NAME]. May be repeated.
    pii
        Also mask personal data of these classes: email,phone,ip,name.
    counts
        At the end, say on standard error how often each rule was met.
    guard
        Also make control sequences inert: of them only colours, bold, italic, underline and reverse stay.
    """
    from dlthub_tui.cli.scrubbing import ScrubRequest, scrub_to_stdout

    if file.startswith("-") and file != "-":
        exits.say_error(f"{file} is no option of scrub. A file of that name is read as ./{file}.")
        return exits.WRONG_USAGE
    classes = tuple(pii.split(",")) if pii else ()
    request = ScrubRequest(file, tuple(value_file or ()), tuple(env or ()), classes, counts=counts, guard=guard)
    return scrub_to_stdout(request)
