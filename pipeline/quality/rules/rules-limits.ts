/** What the rules read of each text, in UTF-16 units; the rest is left out. They bound the time of an evaluation to some tens of ms. */
export const QUERY_CHARS_MAX = 2_000
export const RESPONSE_CHARS_MAX = 8_000
/** Of one passage, and of all passages together. */
export const PASSAGE_CHARS_MAX = 8_000
export const CONTEXT_CHARS_MAX = 16_000
/** Cells of all alignments of an answer: what would take more is compared by words in common only. */
export const ALIGNMENT_CELLS_MAX = 400_000
/** Units of one sentence; a longer one is cut. */
export const SENTENCE_UNITS_MAX = 240
/** Places of a short answer in the passages that are looked at. */
export const OCCURRENCES_MAX = 32
/** Terms of a question that are looked for. */
export const QUESTION_TERMS_MAX = 80
/** Places of an answer of many sentences, and units of the type that is asked for, that are compared with the question. */
export const PLACES_MAX = 24
export const TYPED_MAX = 60
/** Occurrences of one term that are looked at. */
export const TERM_PLACES_MAX = 64
/** What an embedding model is asked for at most: sentences of the passages, and of each text its first characters. */
export const EMBEDDED_SENTENCES_MAX = 32
export const EMBEDDED_CHARS_MAX = 600
