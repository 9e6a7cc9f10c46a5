"""A look at the weather of Seattle."""

import marimo

app = marimo.App(app_title="Seattle weather")


@app.cell
def _():
    import marimo as mo
    from stations import observations

    rows = list(observations())
    return mo, rows


@app.cell
def _(mo, rows):
    year = mo.ui.dropdown(sorted({str(row["day"].year) for row in rows}), value="2012", label="Year")
    mo.hstack([year], justify="start")
    return (year,)


@app.cell
def _(mo, rows, year):
    shown = [row for row in rows if str(row["day"].year) == year.value]
    rainy = sum(row["weather"] == "rain" for row in shown)
    mo.vstack([mo.md(f"**{len(shown)} days**, {rainy} of them with rain"), mo.ui.table(shown)])
    return


if __name__ == "__main__":
    app.run()
