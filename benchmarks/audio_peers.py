"""Programs that measure audio files, each in a process of its own: vectors, CPU seconds, memory.

Run as ``python -m benchmarks.audio_peers NAME FILE...``: prints one JSON object with a vector for each file
(or null), the CPU seconds of all of them after the imports and the peak memory in MB.

librosa: mean and deviation of 20 MFCCs, the usual recipe of notebooks. bliss: the numbers of bliss-audio.
Neither is a dependency: ``pip install 'songatlas[peers]'``.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

ONE_THREAD: Final = tuple(f"{name}_NUM_THREADS" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON"))

Vector = list[float] | None


@dataclass(frozen=True)
class Measured:
    """What one program gave for some files; no `vectors` where it does not run here, and `why` says so."""

    vectors: list[Vector] | None
    cpu_s: float = 0.0
    start_s: float = 0.0
    memory_mb: float = 0.0
    why: str = ""

    def points(self) -> NDArray[np.float64]:
        """Vectors as they are, float64 (n_files, n_numbers); files without one lie in the middle."""
        known = [vector for vector in self.vectors or () if vector is not None]
        middle = np.mean(known, axis=0)
        return np.array([middle if vector is None else vector for vector in self.vectors or ()])


def standardized(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points whose numbers all have mean 0 and spread 1."""
    spread = points.std(axis=0)
    return np.asarray((points - points.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def measure_in_child(name: str, files: Sequence[Path]) -> Measured:
    """Let a program measure files in a process of its own, with one thread."""
    print(f"{name}: {len(files)} files", file=sys.stderr)
    environment = os.environ | dict.fromkeys(ONE_THREAD, "1")
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.audio_peers", name, *map(str, files)]
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)  # noqa: S603 (our own command)
    if answer.returncode:
        last = (answer.stderr.strip().splitlines() or [f"ended with {answer.returncode}"])[-1]
        return Measured(None, why=f"does not run here: {last}")
    return Measured(**json.loads(answer.stdout.splitlines()[-1]))


def _songatlas() -> Callable[[str], Vector]:
    from songatlas.audio.analysis import analyse

    def measure(path: str) -> Vector:
        found = analyse(path)
        return (
            None
            if found.audio_embedding is None
            else [*found.audio_embedding, *(found.audio_statistics or ())]
        )

    return measure


def _without_network() -> Callable[[str], Vector]:
    from songatlas.audio.hearing import hear
    from songatlas.audio.key import estimate_key
    from songatlas.audio.spectra import Spectra
    from songatlas.audio.statistics import sound_statistics
    from songatlas.audio.tempo import estimate_tempo

    def measure(path: str) -> Vector:
        mono = hear(path).mono_22k
        spectra = Spectra.of(mono)
        estimate_tempo(mono, spectra=spectra)
        estimate_key(mono, spectra=spectra)
        return [float(number) for number in sound_statistics(spectra)]

    return measure


def _decoding_alone() -> Callable[[str], Vector]:
    from songatlas.audio.decoding import open_sound

    def measure(path: str) -> Vector:
        return [float(sum(len(block) for block in open_sound(path)))]

    return measure


def _librosa() -> Callable[[str], Vector]:
    import librosa

    def measure(path: str) -> Vector:
        sound, rate = librosa.load(path, sr=22_050)
        numbers = librosa.feature.mfcc(y=sound, sr=rate, n_mfcc=20)
        return [*map(float, numbers.mean(axis=1)), *map(float, numbers.std(axis=1))]

    return measure


def _bliss() -> Callable[[str], Vector]:
    import bliss_audio

    return lambda path: [float(number) for number in bliss_audio.Song(path).analysis]


PROGRAMS: Final[Mapping[str, Callable[[], Callable[[str], Vector]]]] = {
    "songatlas": _songatlas,
    "songatlas without network": _without_network,
    "songatlas, decoding alone": _decoding_alone,
    "librosa, MFCC": _librosa,
    "bliss-audio": _bliss,
}


def main() -> None:
    """Measure the files and print what came out."""
    name, *files = sys.argv[1:]
    started = time.process_time()
    measure = PROGRAMS[name]()
    measure(files[0])  # whatever is compiled or loaded at the first call
    begun = time.process_time()
    vectors = [measure(file) for file in files]
    taken = {"cpu_s": time.process_time() - begun, "start_s": begun - started}
    print(json.dumps({"vectors": vectors, "memory_mb": peak_memory_mb()} | taken))


def peak_memory_mb() -> float:
    """Peak memory of this process; Linux counts in it what the parent had, but for one of its two figures."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
