"""Words for true, false and missing; the dbt project's macros/portability/values.sql has the same."""

TRUE_WORDS = tuple(
    "true 1 1.0 t yes y on ja j wahr oui vrai si sí sì vero verdadero sim verdadeiro tak prawda ano"
    " da evet kyllä igen да はい 是".split()
)
FALSE_WORDS = tuple(
    "false 0 0.0 f no n off nein falsch non faux falso não nao nie fałsz ne nee nej hayır hayir ei"
    " nem нет いいえ 否".split()
)
NULL_MARKS = ("", "null", "na", "n/a", "#n/a", "<na>", "nan", r"\n", "none", "nil")
