"""Names that stand where an artist should, and are nobody's: compilations and unknown singers.

Pure data, small letters, as `credits.artist_key` writes them. A spelling that is missing is one entry more.
"""

from __future__ import annotations

from typing import Final

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
