import type { TaskSearchIndex } from '../../definition/task-search.ts'
import { clip } from '../support/clip.ts'
import { createCoverage } from '../support/coverage.ts'
import { termsOf, wordsOf } from '../support/terms.ts'
import { isOfSelf, peopleIn, statementsIn } from './statements.ts'
import { relatedOf } from './subjects.ts'
import { timeRangeIn } from './time-range.ts'

/** Earlier messages that go into a prompt, and UTF-16 units of one. */
export const RECALLED_MAX = 12
export const RECALLED_CHARS_MAX = 600
/** Hits of one search from which they are chosen. Questions and replies of before are among them, and the same text more than once. */
const CANDIDATES_MAX = 60
/** Weights of a statement's share of the question's words beside the score of the search, and of being said in the time that was named. */
const COVERAGE_WEIGHT = 1
const TIME_WEIGHT = 1.5
/** What does not speak of the one who asks, and what the assistant said, count less. Chinese often leaves "I" out. */
const OF_OTHERS_FACTORS = { en: 0.4, zh: 0.75, zhOtherPerson: 0.4 } as const
const OWN_REPLY_FACTOR = 0.4

/** Something said earlier in the conversation. */
export interface Remembered {
  /** Id of the message. */
  readonly id: string
  /** When it was said, ISO. */
  readonly at: string
  readonly text: string
  readonly by: 'user' | 'assistant'
  /** The share of the question's words that it covers, 0 to 1. */
  readonly covers: number
}

/** What is asked for, with what is at hand without a search. */
export interface RecallQuery {
  readonly text: string
  /** When it was asked, ISO. */
  readonly at: string
  /** The latest messages, which the index may not have yet. */
  readonly recent: readonly Omit<Remembered, 'covers'>[]
}

/** Words of nearly every statement: what was said at a time is found, although it has no word of the question. */
const ANYTHING = 'I my we our me the a is was have it to of and in with 我 我们 的 是 了 在 有 不 就 也'

/** Ids of emitted events: in a conversation, our own replies. */
const PRODUCT_ID = /^[0-9a-z]+-[0-9a-z]+-e\d+$/

/**
 * What was said earlier in the conversation of the actor and may answer a message, oldest first: found by meaning and by words among all
 * of its messages, and by the time that the message names. Statements alone: questions and courtesies answer nothing.
 */
export async function recall(searchIndex: TaskSearchIndex, { text, at, recent }: RecallQuery): Promise<Remembered[]> {
  const range = timeRangeIn(text, at)
  const search = (q: string, bounds: object = {}) =>
    searchIndex.search({ q, in: 'messages', own: true, all: true, limit: CANDIDATES_MAX, scoreMin: 0, ...bounds })
  const subject = subjectOf(text)
  const [anywhen, then, ofSubject] = await Promise.all([
    search(text),
    range === undefined ? [] : search(`${text} ${ANYTHING}`, range),
    subject === '' ? [] : search(subject),
  ])
  const scores = new Map<string, number>()
  const said = new Map<string, Omit<Remembered, 'covers'>>()
  for (const message of recent) said.set(message.id, message)
  for (const { source, score } of [...anywhen, ...then]) scores.set(source, Math.max(score, scores.get(source) ?? 0))
  for (const { source, text: piece, at: time } of [...anywhen, ...then, ...ofSubject]) {
    if (!said.has(source)) said.set(source, { id: source, at: time, text: piece, by: PRODUCT_ID.test(source) ? 'assistant' : 'user' })
  }
  const inRange = (time: string): boolean => range !== undefined && time >= range.since && time < range.until
  const candidates = [...said.values()].flatMap((message) => {
    const statement = statementsIn(message.text)
    return statement === '' || message.at > at ? [] : [{ ...message, statement }]
  })
  const covers = coverageOfQuestion(
    text,
    candidates.map(({ statement }) => statement),
  )
  return candidates
    .map(({ statement, ...message }) => {
      const covered = covers(statement)
      const byWorth = (scores.get(message.id) ?? 0) + COVERAGE_WEIGHT * covered + (inRange(message.at) ? TIME_WEIGHT : 0)
      return {
        ...message,
        text: clip(message.text, RECALLED_CHARS_MAX),
        covers: message.by === 'user' ? covered : covered * OWN_REPLY_FACTOR,
        worth: message.by === 'user' ? byWorth : byWorth * OWN_REPLY_FACTOR,
      }
    })
    .sort((a, b) => b.worth - a.worth || (a.at < b.at ? 1 : -1))
    .slice(0, RECALLED_MAX)
    .map(({ worth: _worth, ...message }) => message)
    .sort((a, b) => (a.at < b.at ? -1 : 1))
}

/** Words of the subjects of a question that it does not have itself: the statement that answers it may share no word with it. */
const subjectOf = (question: string): string => {
  const words = termsOf(question).filter((word) => !EMPTY.has(word))
  return [...new Set(words.flatMap(relatedOf))]
    .filter((term) => !words.includes(term))
    .slice(0, SUBJECT_TERMS_MAX)
    .join(' ')
}
const SUBJECT_TERMS_MAX = 48

/** Words of nearly every question about what was said. */
const EMPTY = new Set(
  [
    ...termsOf(`remember remind again told tell mention mentioned said talk talked currently now nowadays moment these days name named
      called call kind sort type first ever already exactly actually think mine own which who whose when recently earlier before ago last
      time day date give gave set thing things place take get use keep put`),
    ...`记得 还记得 说过 说 说起 讲过 告诉 告诉过 告诉你 提到 提过 提到过 跟 管 对 现在 目前 如今 叫 名字 请问 过 时候 哪天 当时 之前 来着 具体 几 谁 最近 提 地方 日期
      东西 事 的事 那天 怎么 用 做 放`.split(/\s+/),
  ].flat(),
)
/** The noun that says what kind of thing is asked for: an answer need not have it. "Which event is my training for?" */
const ASKED_FOR = new RegExp(
  String.raw`\b(?:which|what)\s+(?!(?:is|are|was|were|do|does|did|have|has|can|could|should|about)\b)(\w+)`
    + String.raw`|\bwhat(?:['’]s|\s+is|\s+are|\s+was)\s+the\s+(\w+)\s+(?:of|for)\b`
    + '|(?:什么|哪[个门种款家些把项])(\\p{Script=Han}{1,4})|的(\\p{Script=Han}{1,4})是(?:什么|多少|哪)',
  'iu',
)
/** Weight of a question without that noun. */
const WITHOUT_NOUN = 0.9
const HAN = /\p{Script=Han}/u
const SINGLE_HAN = /^\p{Script=Han}$/u

/** A word that the segmenter joins to what follows it in a question, and not in a statement: "住在哪", "搬去…住了". */
const WITH_PARTICLE = /^(\p{Script=Han})[在了过着到叫]$/u

/** Measures the share of the question that a statement covers; see `createCoverage`. One about others than the question counts less. */
function coverageOfQuestion(question: string, statements: readonly string[]): (statement: string) => number {
  const coverageOf = createCoverage(
    statements.map((text) => ({ title: '', text })),
    relatedOf,
  )
  const wordsIn = (text: string): string[] =>
    wordsOf(text)
      .map((word) => word.replace(WITH_PARTICLE, '$1'))
      .filter((word) => !EMPTY.has(word))
  const words = wordsIn(question)
  const nouns = new Set(wordsOf((ASKED_FOR.exec(question) ?? []).slice(1).join(' ')))
  const others = words.filter((word) => !nouns.has(word))
  const [whole, without] = [coverageOf(words.join(' ')), coverageOf(others.join(' '))]
  const asked = peopleIn(question)
  return (statement) => {
    // The segmenter joins a word of one character to its neighbours.
    const terms = new Set([...termsOf(statement), ...words.filter((word) => SINGLE_HAN.test(word) && statement.includes(word))])
    const covered = Math.max(whole(terms), WITHOUT_NOUN * without(terms))
    if (asked.size > 0 || isOfSelf(statement)) return covered
    const { en, zh, zhOtherPerson } = OF_OTHERS_FACTORS
    return covered * (!HAN.test(statement) ? en : peopleIn(statement).size > 0 ? zhOtherPerson : zh)
  }
}

/** A statement that covers less of a question does not answer it. */
const ANSWER_COVERS_MIN = 0.6
/** Among statements that cover about as much as the best one, the newest is true; one that speaks of a change may cover less. */
const AS_MUCH = { statement: 0.65, change: 0.4 } as const
const CHANGES = new RegExp(
  String.raw`\b(?:now|nowadays|instead|changed?|switched|moved|new|no longer|any ?more|these days|from today|from now|since|after all`
    + String.raw`|actually|turned out)\b|现在|改|换|搬|新|不再|最近|原来|其实|起`,
  'iu',
)

/** The message that answers a question without a model: the newest of those that fit it; `undefined` where none does. */
export function answerAmong(remembered: readonly Remembered[]): Remembered | undefined {
  const said = remembered.filter(({ by }) => by === 'user')
  const best = Math.max(...said.map(({ covers }) => covers))
  if (best < ANSWER_COVERS_MIN) return undefined
  return said.findLast(({ text, covers }) => covers >= best * (CHANGES.test(text) ? AS_MUCH.change : AS_MUCH.statement))
}
