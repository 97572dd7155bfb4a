"""Settings are typed, unknown ones are refused, and errors say the next step."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from songatlas.atlas import AtlasSettings
from songatlas.errors import BadSettings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"k": 1}, "k is 1"),
        ({"k": "many"}, "k is 'many'"),
        ({"k": True}, "k is True"),
        ({"seed": -1}, "seed is -1"),
        ({"k_min": 5, "k_max": 4}, "k_max is 4"),
        ({"threads": 0}, "threads is 0"),
        ({"weights": {"sound": float("nan")}}, "weight of 'sound'"),
        ({"weights": {"sound": "2"}}, "weight of 'sound'"),
        ({"weights": 3}, "weights is 3"),
        ({"feature_weights": 3}, "feature_weights is 3"),
        ({"feature_weights": {"energy": -1}}, "weight of 'energy'"),
        ({"columns": {"energy": 3}}, "columns is"),
        ({"space": ()}, "space is empty"),
        ({"features": [1]}, "features is"),
        ({"header": 0}, "header is 0: it must be a list of names"),
        ({"space": 1.5}, "space is 1.5"),
        ({"genre": 7}, "genre is 7"),
        ({"refine": 1}, "refine is 1"),
    ],
)
def test_a_wrong_value_is_named(changes: dict[str, object], words: str) -> None:
    with pytest.raises(BadSettings, match=words):
        AtlasSettings(**changes)  # type: ignore[arg-type]


def test_an_unknown_setting_is_refused_with_the_nearest() -> None:
    with pytest.raises(BadSettings, match="did you mean 'features'"):
        AtlasSettings().change(feature=["energy"])


def test_texts_are_split_at_commas_and_repeats_dropped() -> None:
    settings = AtlasSettings(space="sound, era", features="energy,valence,energy", keep="")  # type: ignore[arg-type]
    assert settings.space == ("sound", "era")
    assert settings.features == ("energy", "valence")
    assert settings.keep == ()


def test_to_dict_reads_back_equal_but_for_threads() -> None:
    settings = AtlasSettings(
        k=5, weights={"era": 0.5}, feature_weights={"energy": 2}, columns={"energy": "nrgy"}, threads=2
    )
    values = json.loads(json.dumps(settings.to_dict()))
    assert "threads" not in values
    assert AtlasSettings.from_dict(values) == settings.change(threads=None)


def test_a_change_is_checked_with_what_stays() -> None:
    settings = AtlasSettings(k_max=60, weights={"era": 0.5})
    assert settings.change(k_min=50) == AtlasSettings(k_min=50, k_max=60, weights={"era": 0.5})
    with pytest.raises(BadSettings, match="k_max is 60"):
        settings.change(k_min=61)


def test_settings_cannot_be_changed_in_place() -> None:
    settings = AtlasSettings(weights={"era": 0.5})
    with pytest.raises(TypeError):
        settings.weights["era"] = 1.0  # type: ignore[index]


def test_toml(tmp_path: Path) -> None:
    path = tmp_path / "songs.toml"
    path.write_text('k = 6\nspace = ["sound"]\n[weights]\nsound = 2\n', encoding="utf-8")
    settings = AtlasSettings.from_toml(path)
    assert (settings.k, settings.space, dict(settings.weights)) == (6, ("sound",), {"sound": 2.0})


@pytest.mark.parametrize(
    "settings",
    [
        AtlasSettings(),
        AtlasSettings(k=7, k_max=30, space=("sound",), refine=True, header=("a", "b, c"), keep=("all",)),
        AtlasSettings(weights={"era": 0.25}, feature_weights={"energy": 2, "liveness": 0}),
        AtlasSettings(columns={"energy": 'my "nrgy" \\ [x] = \x7f \n é'}, genre="Stil\tund Art"),
    ],
)
def test_toml_that_is_written_reads_back_equal(tmp_path: Path, settings: AtlasSettings) -> None:
    (tmp_path / "songs.toml").write_text(settings.to_toml(), encoding="utf-8")
    assert AtlasSettings.from_toml(tmp_path / "songs.toml") == settings


@pytest.mark.parametrize(
    ("text", "words"), [("k = ", "not a TOML file"), ("kk = 3", "no setting is called 'kk'")]
)
def test_a_bad_toml_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadSettings, match=words):
        AtlasSettings.from_toml(path)


def test_a_missing_toml_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="cannot read the settings file"):
        AtlasSettings.from_toml(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"seed = {'9' * 5000}", "a number of thousands of digits"),
        (f"seed = 0x{'f' * 20_000}", "seed is an int that is too large to be shown"),
        (f"weights = {{sound = 0x{'f' * 400}}}", "weight of 'sound' is"),
        ("weights = {sound = 1e300}", "a number from 0 to 1,000,000"),
        (f"k = {'[' * 5000}", "too deep to be read"),
        (f"{'a.' * 5000}a = 1", "more than 20 dots"),
        (f'genre = ["{"x" * 100_000}"]', "genre is"),
        (f'"{"x" * 100_000}" = 1', "no setting is called"),
        ("# " + "x" * 300_000, "more than 250,000 bytes"),
    ],
)
def test_hostile_files_are_refused_in_a_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "s.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadSettings, match=re.escape(words)) as caught:
        AtlasSettings.from_toml(path)
    assert len(str(caught.value)) < 600


def test_a_name_that_no_file_can_have_is_told() -> None:
    with pytest.raises(BadSettings, match="NUL in its name"):
        AtlasSettings.from_toml("a\0.toml")
