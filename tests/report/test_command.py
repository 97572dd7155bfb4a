from __future__ import annotations

import shlex

import pytest

from songatlas.atlas import AtlasSettings
from songatlas.report.command import LABELS, OPTIONS, build_command, setting_rows


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, ["--seed", "0"]),
        ({"k": 7, "seed": 3}, ["--k", "7", "--seed", "3"]),
        ({"space": ("plain",), "features": ("energy", "tempo")}, ["--features", "energy,tempo"]),
        ({"space": ("plain",)}, ["--space", "plain"]),
        ({"weights": {"sound": 1, "era": 0.5}}, ["--weights", "sound=1,era=0.5"]),
        ({"feature_weights": {"energy": 2, "liveness": 0}}, ["--feature-weights", "energy=2,liveness=0"]),
        ({"columns": {"energy": "my nrgy"}, "units": {"tempo_bpm": "BPM"}}, ["--column", "energy=my nrgy"]),
        ({"keep": ("too_long", "spoken_word"), "genre": "Style"}, ["--keep", "too_long,spoken_word"]),
        ({"k_max": 30}, ["--k-max", "30"]),
        ({"refine": True}, ["--refine"]),
        ({"genre_pull": 0.7}, ["--genre-pull", "0.7"]),
        ({"genre_pull": 0.0}, ["--genre-pull", "0"]),
    ],
)  # fmt: skip
def test_command_says_what_differs_from_the_defaults(settings: dict[str, object], words: list[str]) -> None:
    given = AtlasSettings(**settings).to_dict()  # type: ignore[arg-type]
    command = shlex.split(build_command("my 'songs'.csv", given, simulated=False, n_rows=5))
    assert command[:3] == ["songatlas", "build", "my 'songs'.csv"]
    assert any(command[place : place + len(words)] == words for place in range(len(command)))


def test_simulated_songs_come_from_demo() -> None:
    command = build_command(None, AtlasSettings(seed=4).to_dict(), simulated=True, n_rows=300)
    assert command == "songatlas demo --songs 300 --seed 4"


def test_every_setting_has_a_label_and_a_way_to_be_given() -> None:
    settings = AtlasSettings().to_dict()
    assert set(LABELS) == set(settings)
    assert set(OPTIONS) == set(settings)


def test_settings_without_a_value_share_one_row() -> None:
    rows = setting_rows(AtlasSettings(genre="Style", weights={"era": 0.5}).to_dict())
    said = {row["label"]: row["value"] for row in rows}
    assert said["Genre column"] == "Style"
    assert said["Weights of the blocks"] == "era = 0.5"
    assert "columns named" in said["Left at their default"]
    assert "genre column" not in said["Left at their default"]
