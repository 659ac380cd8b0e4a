"""Words for true, false and missing; the dbt project's macros/portability/values.sql agrees."""

_TRUE = (
    "true 1 1.0 t yes y on ja j wahr oui vrai si sí sì vero verdadero sim verdadeiro tak prawda ano"
    " da evet kyllä igen да はい 是"
)
_FALSE = (
    "false 0 0.0 f no n off nein falsch non faux falso não nao nie fałsz ne nee nej hayır hayir ei"
    " nem нет いいえ 否"
)
TRUE_WORDS = tuple(_TRUE.split())
FALSE_WORDS = tuple(_FALSE.split())
NULL_MARKS = ("", "null", "na", "n/a", "#n/a", "<na>", "nan", r"\n", "none", "nil")
