"""The script that shows a run's log as it grows. It asks this origin for lines and writes them as text, no markup.

It holds 20,000 lines at most, and follows the end while the end is in sight. Colours are left out. It stands
in a block, because it runs beside the script that keeps pages live.
"""

MOST_LINES = 2000
"""Lines in one answer, and those of the end that a page begins with."""

LOG_SCRIPT = """
{
const shown = document.querySelector("#log"), said = document.querySelector("#said");
const most = 20000, part = PART, colours = /\\u001b\\[[0-9;]*m/g;
let next = -part, waits = 300;
async function read() {
  try {
    const answer = await fetch(`${location.pathname}/-lines?from_line=${next}`, {redirect: "error"});
    if (answer.status === 401) { location.reload(); return; }
    if (answer.status === 200) {
      const log = await answer.json();
      const follows = shown.scrollHeight - shown.scrollTop - shown.clientHeight < 40;
      const rows = document.createDocumentFragment();
      for (const line of log.lines) {
        const row = document.createElement("span");
        row.className = line.source;
        row.textContent = line.content.replace(colours, "") || " ";
        rows.append(row);
        next = line.line_num + 1;
      }
      shown.append(rows);
      while (shown.childElementCount > most) shown.firstElementChild.remove();
      if (next < 0 && log.total === 0) next = -part;
      const whole = log.is_sealed && next >= log.total;
      said.textContent = whole ? `${log.total} lines, complete` : `${log.total} lines so far`;
      if (log.lines.length && follows) shown.scrollTop = shown.scrollHeight;
      if (whole) return;
      waits = log.lines.length ? 300 : Math.min(waits * 1.5, 3000);
    } else if (answer.status === 410) {
      said.textContent = (await answer.json()).detail;
      return;
    } else {
      said.textContent = "No lines yet.";
      waits = Math.min(waits * 1.5, 3000);
    }
  } catch {
    waits = 5000;
  }
  setTimeout(read, waits);
}
read();
}
""".replace("PART", str(MOST_LINES))
