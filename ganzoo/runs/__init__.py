"""Runs on disk: the names of their files, what the files say, and how to find them."""

from ganzoo.runs.find import find_runs
from ganzoo.runs.folder import RunFolder, is_run_config, sweep_record
from ganzoo.runs.run import Run, command_line, read_run, variant_names
from ganzoo.runs.values_file import ValuesFile

__all__ = [
    "Run",
    "RunFolder",
    "ValuesFile",
    "command_line",
    "find_runs",
    "is_run_config",
    "read_run",
    "sweep_record",
    "variant_names",
]
