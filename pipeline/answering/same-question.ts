import { type QuestionForm, questionForm } from './question-form.ts'
import { isComparedLang, type QuestionEntity } from './question-meanings.ts'
import { isTypo } from './typo.ts'

/** A question, with what is understood of it. */
export interface ComparedQuestion {
  readonly text: string
  /** BCP 47; `null` where it cannot be told. */
  readonly lang: string | null
  /** `null`: no act is known. */
  readonly act: string | null
  /** Default: it is sure. */
  readonly actConfidence?: number | undefined
  readonly entities: readonly QuestionEntity[]
}

/** Why two questions may not share an answer. The first that applies is told. */
export const DIFFERENCES = [
  'language',
  'length',
  'act',
  'entities',
  'numbers',
  'negation',
  'asked',
  'modality',
  'tense',
  'words',
  'particles',
  'roles',
] as const
export type Difference = (typeof DIFFERENCES)[number]

/** UTF-16 units of a question that is compared. A longer one says too much for an answer of another one. */
export const COMPARED_CHARS_MAX = 300

/**
 * Tells why a question may not be answered as another one was; `undefined` where nothing speaks against it. Vectors hardly know a question
 * from its opposite. So this asks for the same words, but for those that say nothing and for known synonyms, and for the same numbers,
 * negations, persons and kind of answer. The caller compares vectors, too.
 *
 * A pure function, symmetric in its arguments. English and Chinese; in other languages no two questions are the same.
 */
export function differenceOf(one: ComparedQuestion, other: ComparedQuestion): Difference | undefined {
  if (one.lang !== other.lang || !isComparedLang(one.lang)) return 'language'
  if (Math.max(one.text.length, other.text.length) > COMPARED_CHARS_MAX) return 'length'
  if (one.act !== other.act && isSure(one) && isSure(other)) return 'act'
  if (entitiesOf(one) !== entitiesOf(other)) return 'entities'
  return formDifference(questionForm(one.text, one.entities, one.lang), questionForm(other.text, other.entities, one.lang))
}

/** Acts that are less sure than this are guesses: the same question in other words often gets another one. */
const ACT_CONFIDENCE_MIN = 0.8
const isSure = ({ actConfidence = 1 }: ComparedQuestion): boolean => actConfidence >= ACT_CONFIDENCE_MIN

const entitiesOf = ({ entities }: ComparedQuestion): string =>
  [...new Set(entities.map(({ name, value }) => JSON.stringify([name, value])))].sort().join()

function formDifference(one: QuestionForm, other: QuestionForm): Difference | undefined {
  if (one.numbers.toSorted().join() !== other.numbers.toSorted().join()) return 'numbers'
  if (one.negations !== other.negations || areApart(one.relations.get('negated'), other.relations.get('negated'))) return 'negation'
  if (!asksAlike(one.asked, other.asked)) return 'asked'
  if (!mayBeDoneAlike(one, other)) return 'modality'
  if (one.isPast !== other.isPast && [...one.asked, ...other.asked].every((kind) => !TIMELESS.has(kind))) return 'tense'
  const pairs = pairedWords(one.content, other.content)
  // A question that names nothing means what was said before it.
  if (pairs === undefined || pairs.size === 0) return 'words'
  if (weightOf(pairs.keys()) < CONTENT_WEIGHT_MIN && !areTerseAlike(one, other)) return 'words'
  if (isNearCopy(one, other) && one.particles.symmetricDifference(other.particles).size > 0) return 'particles'
  return haveSameRoles(one, other, pairs) ? undefined : 'roles'
}

/** Kinds of questions that one answer serves. */
const KINDRED: readonly ReadonlySet<string>[] = [
  new Set(['date', 'time']),
  new Set(['date', 'day']),
  new Set(['date', 'wait']),
  new Set(['duration', 'wait']),
]
/** A statement, such as "I want to cancel", asks one of these. */
const ASKED_BY_STATEMENTS = new Set(['way', 'yesno'])

function asksAlike(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  if (one.size === 0 || other.size === 0) return [...one, ...other].every((kind) => ASKED_BY_STATEMENTS.has(kind))
  if (one.symmetricDifference(other).size === 0) return true
  return KINDRED.some((kinds) => one.isSubsetOf(kinds) && other.isSubsetOf(kinds))
}

/** "I deleted it, how do I restore it?" asks what "How do I restore something deleted?" asks. */
const TIMELESS = new Set(['way', 'reason'])
/** What must be is another question than what is. */
const OF_MUST = new Set(['yesno', 'which'])

function mayBeDoneAlike(one: QuestionForm, other: QuestionForm): boolean {
  const isOnly = ({ modals }: QuestionForm, modal: string): boolean => modals.size === 1 && modals.has(modal)
  if ((isOnly(one, 'must') && isOnly(other, 'may')) || (isOnly(one, 'may') && isOnly(other, 'must'))) return false
  return one.modals.has('must') === other.modals.has('must') || [...one.asked, ...other.asked].every((kind) => !OF_MUST.has(kind))
}

/** The words of one question with those of the other; `undefined` where one has a word that the other has not. */
function pairedWords(words: QuestionForm['content'], others: QuestionForm['content']): ReadonlyMap<string, string> | undefined {
  const pairs = new Map([...words.keys()].filter((word) => others.has(word)).map((word) => [word, word]))
  const rest = new Map([...others].filter(([word]) => !words.has(word)))
  for (const [word, written] of words) {
    if (others.has(word)) continue
    const [meant] = [...rest].find(([, candidate]) => isTypo(written, candidate)) ?? []
    if (meant === undefined) return undefined
    rest.delete(meant)
    pairs.set(word, meant)
  }
  return rest.size === 0 ? pairs : undefined
}

/** With less content, verbs that say little count, too: "get a card" and "find my card". */
const CONTENT_WEIGHT_MIN = 2
const HAN = /^\p{Script=Han}$/u
/** Most Chinese words have two characters. */
const weightOf = (words: Iterable<string>): number => [...words].reduce((sum, word) => sum + (HAN.test(word) ? 0.5 : 1), 0)
/** "Are there discounts?" and "Do you give discounts?" are one question. */
const SAYS_NOTHING = new Set(['have'])
const areTerseAlike = (one: QuestionForm, other: QuestionForm): boolean =>
  one.light.symmetricDifference(other.light).isSubsetOf(SAYS_NOTHING) && (one.asked.size === 0) === (other.asked.size === 0)

/** Words in which two questions differ that are nearly the same text. Who changes one word means something by it. */
const NEAR_COPY_WORDS_MAX = 3
const isNearCopy = (one: QuestionForm, other: QuestionForm): boolean =>
  one.words.symmetricDifference(other.words).size <= NEAR_COPY_WORDS_MAX

function haveSameRoles(one: QuestionForm, other: QuestionForm, pairs: ReadonlyMap<string, string>): boolean {
  const isOrdered = one.isOrdered || other.isOrdered
  if (
    isOrdered
    && (one.numbers.join() !== other.numbers.join()
      || [...one.content.keys()].map((word) => pairs.get(word)).join() !== [...other.content.keys()].join())
  )
    return false
  const isContradicted = [...one.relations].some(
    ([key, values]) => !key.startsWith('before ') && areApart(values, other.relations.get(key)),
  )
  return (
    !isContradicted
    && !haveExchangedNeighbours(one.relations, other.relations)
    && !areMirrored(one, other, pairs)
    && !areTransposed(one, other, pairs)
  )
}

/** Whether a relation is known of both questions, and is never the same. */
const areApart = (one: ReadonlySet<string> | undefined, other: ReadonlySet<string> | undefined): boolean =>
  one !== undefined && other !== undefined && one.isDisjointFrom(other)

/** "Fly with my passport if my card has expired", and the other way round: two words have changed places, the others have not. */
function areTransposed(one: QuestionForm, other: QuestionForm, pairs: ReadonlyMap<string, string>): boolean {
  const [words, others] = [[...one.content.keys()].map((word) => pairs.get(word) ?? word), [...other.content.keys()]]
  const moved = words.flatMap((word, at) => (others[at] === word ? [] : [at]))
  const [first = 0, second = 0] = moved
  // The object of a Chinese sentence may go before its verb.
  const isFar = second - first > 1 || one.lang === 'en'
  return moved.length === 2 && words.length > 2 && isFar && !isTurned(one, other)
}

/** "Is breakfast included?" and "Do you include breakfast?" */
const isTurned = (one: QuestionForm, other: QuestionForm): boolean => one.passives.symmetricDifference(other.passives).size > 0

/** "Can stress cause headaches", and the other way round: what stands before a word in one question stands after it in the other. */
function areMirrored(one: QuestionForm, other: QuestionForm, pairs: ReadonlyMap<string, string>): boolean {
  const [words, others] = [[...one.content.keys()].map((word) => pairs.get(word) ?? word), [...other.content.keys()]]
  return words.some((pivot, at) => {
    const place = others.indexOf(pivot)
    const [before, after] = [new Set(words.slice(0, at)), new Set(words.slice(at + 1))]
    if (one.passives.has(pivot) !== other.passives.has(pivot) || before.size === 0 || after.size === 0) return false
    return (
      before.symmetricDifference(new Set(others.slice(place + 1))).size === 0
      && after.symmetricDifference(new Set(others.slice(0, place))).size === 0
    )
  })
}

/** "Cancel the order, keep the points", and the other way round. */
function haveExchangedNeighbours(one: QuestionForm['relations'], other: QuestionForm['relations']): boolean {
  const moved = [...one].flatMap(([key, values]) => {
    const others = other.get(key)
    return key.startsWith('before ') && others !== undefined && values.isDisjointFrom(others) ? [{ values, others }] : []
  })
  return moved.some((first) =>
    moved.some((second) => !first.values.isDisjointFrom(second.others) && !first.others.isDisjointFrom(second.values)),
  )
}
