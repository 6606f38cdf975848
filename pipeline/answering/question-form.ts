import { type ComparedLang, type QuestionEntity, type ReadPhrase, readPhrases } from './question-meanings.ts'
import { CLAUSE_END, offersChoice } from './question-tokens.ts'

/** A question as it is compared: without polite words, each word by its meaning. */
export interface QuestionForm {
  readonly lang: ComparedLang
  /** What is asked for: `way`, `yesno`, `date`…; empty for a statement. */
  readonly asked: ReadonlySet<string>
  readonly numbers: readonly string[]
  readonly negations: number
  /** `must`, `may`. */
  readonly modals: ReadonlySet<string>
  /** What it is about, in order. Each meaning, with the stems that it was written in first. */
  readonly content: ReadonlyMap<string, string>
  /** Verbs that say little beside other words: `get`, `have`. */
  readonly light: ReadonlySet<string>
  /** Who does what, what goes where: `person cancel` is `i` in "if I cancel", `anchor before` is `dinner` in "before dinner". */
  readonly relations: ReadonlyMap<string, ReadonlySet<string>>
  /** All words, by their stems. */
  readonly words: ReadonlySet<string>
  /** Small words that may tell one question from another: persons, directions, verbs that say little, `this`, `was`. */
  readonly particles: ReadonlySet<string>
  /** Words in the passive: `included` in "is breakfast included". */
  readonly passives: ReadonlySet<string>
  /** Whether something is asked or said of what has happened. */
  readonly isPast: boolean
  /** Whether the order of the content tells who or what is meant: "faster than", 从…换成. */
  readonly isOrdered: boolean
}

/** Words with which a clause asks for yes or no. */
const AUXILIARIES = new Set('can could do does doe did is are was were may might must should shall will would has have am'.split(' '))
/** Auxiliaries before a subject that does something. */
const ACTING = new Set('can could do doe did may might must should shall will would has have'.split(' '))
/** Before a noun. */
const DETERMINERS = new Set('my our your his her their its the a an this that these those any some'.split(' '))
const BE = new Set('am is are was were be been being'.split(' '))
/** Before `when`, they ask for a time. */
const ASKS_WHEN = new Set(['find', 'know', 'tell', 'check', 'see'])
/** Begin a condition. */
const CONDITIONAL = new Set(['if', 'when', 'whenev', 'becaus'])
/** Something has happened. */
const PAST = new RegExp(
  [
    '\\b(?:was|were|did|had)\\b',
    "\\b(?:have|has|['’]ve|['’]s)(?: (?:not|already|just|been|i|you|my|the|an?))* (?:(?!need)\\w+ed|been|got|gone|paid|sent)\\b",
    '\\b(?:i|we|you|they|he|she|it)(?: (?:already|just|have))* (?!need)\\w+ed\\b',
    '已经|[了过](?:吗|么|没有?)?[\\s？?。.!！]*$',
  ].join('|'),
  'iu',
)
const ORDERED = new RegExp(
  [
    '\\b(?:than|but|into|versus|vs|instead|rather|near|around)\\b|\\bfrom\\b.*\\bto\\b',
    '比|但|却|而不|从.*[到至]|先.*[再后]|[换改变转兑升降]成|周边|附近|旁边|周围|离|距|引起|导致|造成|代替|抵扣',
  ].join('|'),
  'iu',
)
/** Directions that are not said for each other. */
const DIRECTIONS = new Set(['to', 'from', 'by', 'for'])
/** Relations to the word after them, in Chinese to the word before 前 and 后. */
const ANCHORED = new Set(['before', 'after', 'until', 'without', 'except', 'instead', 'than', 'against', 'only', 'sinc'])
const ANCHORED_TO_PREVIOUS = new Set(['before', 'after', '前', '后'])
/** Words that mean nothing for most questions. */
const PARTICLES = new Set('this that these those was were been did will would could might and some any if because'.split(' '))
/** Words for persons and parties. Who does what to whom is told by their order. */
const PARTIES = new Set(
  `child adult wife husband friend doctor guest student resident user somebody_else other_people counterpart parents family landlord tenant
  seller buyer partner son daughter sister brother mother father parent colleagu boss employe employ custom neighbour owner`.split(/\s+/),
)
/** Pronouns that stand for a person who was named before. */
const REFERRING = new Set(['he', 'she', 'they'])

/** Reads the form of a question. @param entities of the question: each is one word, whatever it is called there */
export function questionForm(text: string, entities: readonly QuestionEntity[], lang: ComparedLang): QuestionForm {
  const facts = createFacts(lang)
  const asked = new Set<string>(offersChoice(text) ? ['yesno'] : [])
  let isClauseStart = true
  let mayAskWhen = false
  for (const phrase of readPhrases(text, entities, lang)) {
    if (phrase.first === CLAUSE_END) {
      facts.endClause()
      isClauseStart = true
      continue
    }
    if (isClauseStart && asksByOrder(phrase)) {
      asked.add('yesno')
      isClauseStart = false
    }
    for (const meant of phrase.meaning) {
      if (!meant.startsWith('?')) continue
      if (meant !== '?when' || AUXILIARIES.has(phrase.next ?? '') || ASKS_WHEN.has(phrase.previous ?? ''))
        asked.add(ASKED_BY[meant] ?? meant.slice(1))
      else if (isClauseStart) mayAskWhen = true
    }
    facts.take(phrase)
    if (phrase.meaning.length > 0) isClauseStart = false
  }
  if (mayAskWhen && asked.size === 0) asked.add('date')
  return { lang, ...facts.form(), asked: mainly(asked), isOrdered: ORDERED.test(text), isPast: PAST.test(text) }
}

const ASKED_BY: Readonly<Record<string, string>> = { '?when': 'date' }

/** "Can I …", "Do you …". Polite beginnings mean nothing and are longer. */
const asksByOrder = ({ first, meaning, length }: ReadPhrase): boolean =>
  AUXILIARIES.has(first) && (meaning.length === 0 ? length === 1 : !meaning.some((meant) => meant.startsWith('?')))

/** "Can you …, and when?" asks when. */
function mainly(asked: Set<string>): ReadonlySet<string> {
  for (const vague of ['yesno', 'which']) if (asked.size > 1) asked.delete(vague)
  return asked
}

interface Facts {
  take(phrase: ReadPhrase): void
  endClause(): void
  form(): Omit<QuestionForm, 'lang' | 'asked' | 'isOrdered' | 'isPast'>
}

const NUMBER = /^\p{N}/u
const SIGNED = /^[?@^>~]/
/** `how do i`, `am i allowed` */
const I_ASK = /\b(?:can|could|do|should|would|must|am) i\b/

function createFacts(lang: ComparedLang): Facts {
  const modals = new Set<string>()
  const light = new Set<string>()
  const numbers: string[] = []
  const content = new Map<string, string>()
  const relations = new Map<string, Set<string>>()
  const words = new Set<string>()
  const particles = new Set<string>()
  const passives = new Set<string>()
  let negations = 0
  let [isNegated, isCondition, isBe, isActing] = [false, false, false, false]
  let [person, before, direction, anchor]: (string | undefined)[] = []

  const relate = (key: string, value: string): void => {
    relations.set(key, (relations.get(key) ?? new Set()).add(value))
  }
  const settle = (what: string): void => {
    if (isNegated) relate('negated', what)
    isNegated = false
  }
  const takeSubject = (who: string): void => {
    if (isActing) relate('subject', who)
    isActing = false
  }
  const takePerson = (who: string, first: string): void => {
    if (!DETERMINERS.has(first)) takeSubject(who)
    if (isCondition) relate('condition', who)
    if (direction !== undefined && DIRECTIONS.has(direction)) {
      relate(`object ${who}`, direction)
      relate(`object ${direction}`, who)
    }
    ;[isCondition, person, before] = [false, who, undefined]
  }
  const takeContent = (word: string, { written, isParticiple }: ReadPhrase): void => {
    settle(word)
    takeSubject(word)
    if (isBe && isParticiple) passives.add(word)
    if (isCondition) relate('condition', word)
    if (person !== undefined) relate(`person ${word}`, isBe && isParticiple ? `${person}, passive` : person)
    if (before !== undefined) relate(`before ${word}`, before)
    if (direction !== undefined && DIRECTIONS.has(direction)) relate(`direction ${word}`, direction)
    const agent = person ?? (PARTIES.has(before ?? '') ? before : undefined)
    if (agent !== undefined && !REFERRING.has(agent)) relate(`agent ${word}`, agent)
    if (anchor !== undefined) relate(`anchor ${anchor}`, word)
    anchor = lang === 'en' && ANCHORED.has(word) ? word : undefined
    if (lang === 'zh' && ANCHORED_TO_PREVIOUS.has(word) && before !== undefined) relate(`anchor ${word}`, before)
    if (!content.has(word)) content.set(word, written)
    ;[isCondition, isBe, person, before, direction] = [false, false, undefined, word, undefined]
  }
  const takeMeant = (meant: string, phrase: ReadPhrase): void => {
    const [sign, rest] = [meant.charAt(0), meant.slice(1)]
    if (meant === 'not') {
      negations += 1
      isNegated = true
    } else if (sign === '^') modals.add(rest)
    else if (sign === '~') {
      light.add(rest)
      settle(meant)
    } else if (sign === '@') takePerson(rest, phrase.first)
    else if (sign === '>') direction = rest
    else if (sign === '#' || NUMBER.test(meant)) numbers.push(sign === '#' ? rest : meant)
    else if (sign !== '?') takeContent(meant, phrase)
  }
  return {
    take(phrase) {
      if (CONDITIONAL.has(phrase.first)) isCondition = true
      for (const word of phrase.written.split(' ')) words.add(word)
      if (PARTICLES.has(phrase.written)) particles.add(phrase.written)
      for (const meant of phrase.meaning) if (SIGNED.test(meant)) particles.add(meant)
      if (BE.has(phrase.first)) isBe = true
      if (ACTING.has(phrase.first)) isActing = true
      if (I_ASK.test(phrase.written)) takeSubject('i')
      for (const meant of phrase.meaning) takeMeant(meant, phrase)
    },
    endClause() {
      // "Where does it leave from?"
      if (direction !== undefined && DIRECTIONS.has(direction) && person === undefined && lang === 'en')
        content.set(`${direction} it`, direction)
      ;[isNegated, isCondition, isBe, isActing] = [false, false, false, false]
      person = before = direction = anchor = undefined
    },
    form: () => ({ modals, light, numbers, content, relations, words, particles, passives, negations }),
  }
}
