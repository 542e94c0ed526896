"""Shell completion, installed into a home that is thrown away."""

import shutil
import subprocess

import pytest

from remnant.cli.app import COMMANDS, run_command

PLACES = {
    "bash": ".local/share/bash-completion/completions/remnant",
    "zsh": ".zsh/completions/_cyclopts_remnant",
    "fish": ".config/fish/completions/remnant.fish",
}


@pytest.fixture(name="home")
def home_fixture(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("ZSH", "ZSH_CUSTOM"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("shell", PLACES)
def test_install__knows_commands_and_options_of_each_shell(shell, home, capsys):
    assert 0 == run_command(["--install-completion", "--shell", shell])
    assert str(home) in capsys.readouterr().out
    script = (home / PLACES[shell]).read_text(encoding="utf-8")
    assert [name for name in COMMANDS if name not in script] == []
    assert "couinaud-from" in script
    assert "log-file" in script


def test_install__bash_completes_with_it(home):
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash on this machine")
    assert 0 == run_command(["--install-completion", "--shell", "bash", "--quiet"])

    def completed(*words):
        typed = " ".join(f"'{word}'" for word in ("remnant", *words))
        script = (
            f". '{home / PLACES['bash']}'\n"
            f"COMP_WORDS=({typed}) COMP_CWORD={len(words)}\n"
            "$(complete -p remnant | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n"
            'printf "%s\\n" "${COMPREPLY[@]}"'
        )
        done = subprocess.run([bash, "-c", script], capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert ["measure"] == completed("mea")
    assert "--couinaud-from" in completed("measure", "--couin")
    assert {"pull", "show"} <= set(completed("models", ""))
