"""Who is an artist: how names are compared, and which stand where an artist should and are nobody's.

Compilations and unknown singers are nobody's, whatever the language: their songs are no one artist's. A
spelling that is missing is one entry more, in small letters, as `artist_key` writes it.
"""

from __future__ import annotations

from typing import Final

import polars as pl

_VARIOUS: Final = (
    *("various artists", "various", "various artist", "various performers", "v.a.", "v. a.", "v/a", "va"),
    *("varios artistas", "varios", "varios intérpretes", "varios interpretes", "artistas varios"),
    *("vários artistas", "vários intérpretes", "vários", "artistes divers", "artistes variés"),
    *("divers artistes", "divers", "divers interprètes", "multi-interprètes", "compilation", "compilations"),
    *("verschiedene interpreten", "verschiedene künstler", "verschiedene", "diverse interpreten"),
    *("diverse künstler", "diverse", "diverse artiesten", "verschillende artiesten", "diverse artister"),
    *("diverse artistar", "diverse kunstnere", "forskellige kunstnere", "blandade artister"),
    *("olika artister", "eri esittäjiä", "useita esittäjiä", "ýmsir", "ýmsir flytjendur", "artisti vari"),
    *("vari artisti", "autori vari", "aa.vv.", "aa. vv.", "aavv", "artiști diverși", "diverși artiști"),
    *("różni wykonawcy", "rozni wykonawcy", "różni artyści", "různí interpreti", "různí umělci", "různí"),
    *("rôzni interpreti", "rôzni umelci", "különböző előadók", "vegyes előadók", "válogatás"),
    *("razni izvođači", "razni izvodjaci", "razni izvajalci", "različni izvajalci", "çeşitli sanatçılar"),
    *("çeşitli", "dažādi izpildītāji", "įvairūs atlikėjai", "erinevad esitajad", "artistes diversos"),
    *("разные исполнители", "разные артисты", "различные исполнители", "сборник", "різні виконавці"),
    *("різні артисти", "розмаїті виконавці", "разни изпълнители", "различни изпълнители", "разни извођачи"),
    *("διάφοροι καλλιτέχνες", "διάφοροι", "אמנים שונים", "אמנים מקוריים שונים"),
    *("فنانون متنوعون", "فنانين متنوعين", "مجموعة فنانين", "خوانندگان مختلف", "هنرمندان مختلف"),
    *("विभिन्न कलाकार", "ศิลปินต่างๆ", "รวมศิลปิน", "nhiều nghệ sĩ", "nghệ sĩ khác nhau", "berbagai artis"),
    *("pelbagai artis", "ヴァリアス・アーティスト", "ヴァリアス・アーティスツ", "オムニバス"),
    *("群星", "华语群星", "華語群星", "合辑", "合輯", "多位艺人", "多位藝人", "众艺人", "여러 아티스트"),
    *("여러 가수", "다양한 아티스트", "옴니버스"),
)
_UNKNOWN: Final = (
    *("unknown", "unknown artist", "[unknown]", "<unknown>", "unknown artists", "n/a", "traditional"),
    *("anonymous", "[traditional]", "[anonymous]", "unbekannt", "unbekannter künstler"),
    *("unbekannter interpret", "artista desconocido", "desconocido", "artista desconhecido"),
    *("desconhecido", "artiste inconnu", "inconnu", "artista sconosciuto", "onbekende artiest", "onbekend"),
    *("okänd artist", "ukjent artist", "ukendt kunstner", "tuntematon esittäjä", "nieznany wykonawca"),
    *("neznámý interpret", "ismeretlen előadó", "bilinmeyen sanatçı", "неизвестный исполнитель"),
    *("неизвестен", "невідомий виконавець", "άγνωστος καλλιτέχνης", "אמן לא ידוע", "فنان غير معروف"),
    *("不明なアーティスト", "アーティスト不明", "未知艺术家", "未知藝人", "未知艺人", "알 수 없는 아티스트"),
)

NOBODY: Final = frozenset((*_VARIOUS, *_UNKNOWN))
"""Names that are no artist's."""


def artist_key(name: pl.Expr) -> pl.Expr:
    """Return a name as it is compared: without padding, doubled blanks, invisible signs and case."""
    return tidy_name(name.str.replace_all(r"[\p{Cf}\x00]", "")).str.to_lowercase()


def tidy_name(name: pl.Expr) -> pl.Expr:
    """Return a name on one line, accents encoded in one way."""
    return name.str.normalize("NFC").str.replace_all(r"\s+", " ").str.strip_chars()


def artist_keys(artists: pl.Series) -> pl.Series:
    """Return the artists of each song as they are compared, without those who are nobody.

    Parameters
    ----------
    artists : Series of String or of List(String), one entry a song
        Null, empty or blank where no artist is known.

    Returns
    -------
    Series of List(String), one entry a song
        Null where that of the song is.

    Examples
    --------
    >>> artist_keys(pl.Series([["Zoë ", "Ann"], ["Various Artists", "ann"], ["unknown"]])).to_list()
    [['zoë', 'ann'], ['ann'], []]
    """
    lists = artists if isinstance(artists.dtype, pl.List) else artists.cast(pl.String).reshape((-1, 1))
    lists = lists.cast(pl.List(pl.String))
    spellings = lists.explode().unique().drop_nulls().to_frame("name")  # far fewer than songs
    spellings = spellings.with_columns(key=artist_key(pl.col("name")))
    somebody = spellings.filter(~pl.col("key").is_in(["", *NOBODY]))
    key = pl.element().replace_strict(somebody["name"], somebody["key"], default=None, return_dtype=pl.String)
    return lists.to_frame("artists").select(pl.col("artists").list.eval(key).list.drop_nulls()).to_series()


def first_artist_keys(artists: pl.Series) -> pl.Series:
    """Return the first artist of each song who is somebody, as names are compared; null where none is.

    Examples
    --------
    >>> first_artist_keys(pl.Series([["Various Artists", "Ann"], ["群星"], None])).to_list()
    ['ann', None, None]
    """
    return artist_keys(artists).list.first()
