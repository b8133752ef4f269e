"""Each file of a run is damaged in turn: what reads it is right, or says so in a sentence."""

import json
import shutil
import signal

import pytest

from tests.helpers.commands import KILLS, QUICK, contents, run, run_killed

DAMAGES = {
    "cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "a bit flipped": lambda path: path.write_bytes(flipped(path.read_bytes())),
    "empty": lambda path: path.write_bytes(b""),
    "removed": lambda path: path.unlink(),
}


def flipped(content):
    """The same but for one bit in the middle."""
    half = len(content) // 2
    return content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A finished run and one that was killed, of the same settings."""
    folder = tmp_path_factory.mktemp("runs")
    words = ["train", *QUICK, "network.width=4"]
    assert run(*words, f"hydra.run.dir={folder}/finished") == 0
    killed = [*words, f"hydra.run.dir={folder}/killed"]
    assert run_killed(signal.SIGKILL, 8, killed) == -signal.SIGKILL
    return folder


def asked(folder, capfd):
    """What each command makes of a run: (exit code, what it printed), and metrics.json."""
    out = folder.parent / "out"
    commands = {
        "sample": ["sample", folder, "--out", out / "samples.png"],
        "evaluate": ["evaluate", folder],
        "report": ["report", folder, "--out", out],
        "train": ["train", f"resume={folder}"],
    }
    answers = {}
    for name, words in commands.items():
        code = run(*words)
        answers[name] = code, *capfd.readouterr()
    return answers


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Another checkpoint is used")
@pytest.mark.parametrize("which", ["finished", "killed"])
def test_a_damaged_file_is_no_traceback_and_no_wrong_result(which, runs, tmp_path, capfd):
    names = [path.relative_to(runs / which) for path in contents(runs / which)]
    right = asked(shutil.copytree(runs / which, tmp_path / "right"), capfd)
    score = json.loads((tmp_path / "right/metrics.json").read_text())["best"]
    table = {}
    for number, name in enumerate(names):
        for kind in list(DAMAGES)[number % 4 :][:1] if KILLS < 20 else DAMAGES:
            copy = shutil.copytree(runs / which, tmp_path / f"{number} {kind}".replace(" ", "_"))
            DAMAGES[kind](copy / name)
            for command, (code, out, err) in asked(copy, capfd).items():
                where = f"{command} after {name} was {kind}: {err}"
                assert "Traceback" not in err, where
                assert code in (0, 1), where
                if code == 1:
                    assert err.splitlines()[-1].startswith("error: "), where
                if command == "evaluate" and code == 0:
                    assert out == right["evaluate"][1], where
                if command == "train" and code == 0:
                    assert json.loads((copy / "metrics.json").read_text())["best"] == score, where
                table[name, kind, command] = err.splitlines()[-1] if code else "right"
            shutil.rmtree(copy)
    for (name, kind, command), answer in table.items():
        print(f"| {name} | {kind} | {command} | {answer.replace(str(tmp_path), '…')} |")
