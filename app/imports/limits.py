"""What a file may be, and what reading it may cost: the caps that keep a hostile one from harm."""

MAX_ROWS = 100_000
MAX_COLUMNS = 300
#: What a cell of a spreadsheet can hold.
MAX_CELL = 32_767
MAX_FILE_BYTES = 64_000_000
MAX_LINE_BYTES = 200_000
#: A zip of 64 MB can hold a thousand times as much.
MAX_UNZIPPED_BYTES = 600_000_000
MAX_ZIP_ENTRIES = 1_000
#: Of the reading process; 100 000 rows with 30 columns take about a third of each.
MAX_MEMORY_BYTES = 2_000_000_000
MAX_CPU_SECONDS = 300
#: Faults of one row that are listed.
MAX_FAULTS = 50


class Unreadable(Exception):
    """The file cannot be imported as a whole: a stable code, and what to do about it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail
