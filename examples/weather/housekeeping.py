"""Jobs beside the pipelines: one on a schedule, one that fails, one that is careless with a secret."""

import dlt
import dlt.hub.run as run
from stations import day_of


@run.job(trigger="schedule:0 3 * * *", require={"timezone": "Europe/Berlin"})
def nightly(run_context: run.TJobRunContext) -> None:
    """Say which part of time this run covers."""
    print(f"from {run_context.get('interval_start')} to {run_context.get('interval_end')}")


@run.job
def broken() -> None:
    """Fail the way programs fail: deep inside, on bad input."""
    print("reading a report that was typed by hand", flush=True)
    for line in ("2012/01/01", "2012/01/02", "2012/13/01"):
        print(day_of(line), flush=True)


@run.job
def careless(api_token: str = dlt.secrets.value) -> None:
    """Print a secret, as programs do when somebody looks for a mistake in a hurry."""
    print("asking the station for news", flush=True)
    print(f"Authorization: Bearer {api_token}", flush=True)
    print(f"the token has {len(api_token)} characters", flush=True)
