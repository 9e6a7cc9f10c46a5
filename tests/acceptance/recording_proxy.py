"""A program that stands in front of a server and writes down every byte that passes.

    python recording_proxy.py FOLDER

Prints its port. Each connection goes to the port that FOLDER/target names by then, and leaves N.sent and N.received in
FOLDER, which are complete once the connection is closed. Ends with its standard input.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

BUFFER = 65536


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, record: BinaryIO) -> None:
    """One direction of a connection, written down before it is passed on."""
    with suppress(ConnectionError):
        while piece := await reader.read(BUFFER):
            record.write(piece)
            record.flush()
            writer.write(piece)
            await writer.drain()
        writer.write_eof()


async def main(folder: Path) -> None:
    """Serves until standard input ends."""
    numbers = itertools.count(1)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = next(numbers)
        port = int((folder / "target").read_text())
        with (folder / f"{number}.sent").open("wb") as sent, (folder / f"{number}.received").open("wb") as received:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(copy(reader, there_writer, sent), copy(there_reader, writer, received))
            for each in (there_writer, writer):
                each.close()
                with suppress(ConnectionError):
                    await each.wait_closed()

    server = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
