"""Words for true, false and missing; the dbt project's macros/portability/values.sql agrees."""

_TRUE = (
    "true 1 1.0 t yes y on ja j wahr oui vrai si sí sì vero verdadero sim verdadeiro tak prawda ano"
    " da evet kyllä igen да はい 是"
    " waar sant sand sann tosi igaz pravda áno истина правда так ναι doğru dogru jah jā taip"
    " já có ya benar ใช่ نعم כן 예 네 是的 真 हाँ o s v д x ✓ ✔"
)
_FALSE = (
    "false 0 0.0 f no n off nein falsch non faux falso não nao nie fałsz ne nee nej hayır hayir ei"
    " nem нет いいえ 否"
    " onwaar falskt falsk usann epätosi hamis nepravda ложь неправда ні όχι οχι yanlış yanliş"
    " nē nu nei không tidak salah ไม่ ไม่ใช่ لا לא 아니오 아니요 不是 假 नहीं н ✗ ✘"
)
TRUE_WORDS = tuple(_TRUE.split())
FALSE_WORDS = tuple(_FALSE.split())
_NULL = (
    r"null na n/a #n/a <na> nan \n none nil nat n.a. (null) <null> [null] #null! #nv #n/d undefined"
    " - --"
)
NULL_MARKS = ("", *_NULL.split())
# Marks of a missing value that are hardly ids; an id may be "none".
ID_NULL_MARKS = ("null", "nan", "<na>", r"\n", "(null)", "<null>", "undefined")
