import { z } from 'zod'
import { createRandom, pick } from '../harness/random.ts'
import { readLines } from './json-lines.ts'
import type { Lang } from './retrieval-sets.ts'

/** Kinds of questions about a long conversation. */
export const MEMORY_KINDS = ['single', 'several', 'updated', 'time', 'unsaid'] as const
export type MemoryKind = (typeof MEMORY_KINDS)[number]
/** Nothing is chosen by the results of the part `kept`: it has other subjects in other words. */
export const PARTS = ['development', 'kept'] as const
export type Part = (typeof PARTS)[number]

/** Something said in a conversation. */
export interface SaidMessage {
  readonly id: string
  readonly by: 'user' | 'assistant'
  readonly text: string
  readonly at: string
}

/** A question at the end of a conversation. */
export interface MemoryQuestion {
  readonly kind: MemoryKind
  readonly text: string
  /** Ids of the messages that answer it; none where it was not said. */
  readonly evidence: readonly string[]
  /** Id of the statement that a later one made untrue. */
  readonly outdated?: string
}

/** What one person has said over some months, and what is asked about it. */
export interface MemoryConversation {
  readonly id: string
  readonly lang: Lang
  readonly part: Part
  readonly messages: readonly SaidMessage[]
  readonly questions: readonly MemoryQuestion[]
  /** When the questions are asked, ISO. */
  readonly askedAt: string
}

const texts = z.array(z.string()).min(1)
const factSchema = z.object({
  part: z.enum(PARTS),
  form: z.literal('fact'),
  ...{ says: texts, later: texts, asks: texts, whens: texts, unsaid: texts, other: z.string(), values: texts },
})
const listSchema = z.object({ part: z.enum(PARTS), form: z.literal('list'), says: texts, asks: texts, values: texts })
const smallSchema = z.object({ form: z.literal('small'), says: texts, values: texts, asks: texts })
const lineSchema = z.discriminatedUnion('form', [factSchema, listSchema, smallSchema])
type Line = z.output<typeof lineSchema>

const CONVERSATIONS = 10
/** Questions of each kind in a conversation. */
const QUESTIONS = 5
const SMALL_TALK = 90
const OTHER_QUESTIONS = 25
const START = Date.parse('2026-01-05T08:00:00Z')
const DAY_MS = 86_400_000
/** From one message to the next. */
const PAUSE_MS = 17 * 3_600_000

const WORDS = {
  en: {
    replies: ['Good to know.', 'Thanks for telling me.', 'I will keep that in mind.', 'That sounds like a full day.'],
    quote: (text: string) => `You said: “${text}”`,
    onDate: [(date: string) => `What did I tell you on ${date}?`, (date: string) => `Which things did I mention on ${date}?`],
    first: (a: string, b: string) => `Which did I mention first, ${a} or ${b}?`,
    date: (at: Date) => at.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', timeZone: 'UTC' }),
  },
  zh: {
    replies: ['知道了。', '谢谢你告诉我。', '我会记住的。', '听起来很充实。'],
    quote: (text: string) => `您说过：“${text}”`,
    onDate: [(date: string) => `我${date}跟你说了什么？`, (date: string) => `${date}那天我提到了哪些事？`],
    first: (a: string, b: string) => `我先提到的是${a}还是${b}？`,
    date: (at: Date) => `${at.getUTCMonth() + 1}月${at.getUTCDate()}日`,
  },
} as const

/** The conversations of a language: of each kind of question 50 for each part. The same with every call. */
export async function readMemorySets(lang: Lang): Promise<MemoryConversation[]> {
  const lines = await readLines(new URL(`memory-${lang}.jsonl`, import.meta.url), lineSchema)
  return PARTS.flatMap((part, index) =>
    Array.from({ length: CONVERSATIONS }, (_, person) => conversationOf(lines, lang, part, 1 + index * CONVERSATIONS + person)),
  )
}

function conversationOf(lines: readonly Line[], lang: Lang, part: Part, seed: number): MemoryConversation {
  const random = createRandom(seed)
  const one = <T>(of: readonly T[]): T => of[pick(random, of.length)] ?? expectOne()
  const shuffled = <T>(of: readonly T[]): T[] =>
    of
      .map((value) => ({ value, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ value }) => value)
  const words = WORDS[lang]
  const facts = shuffled(lines.flatMap((line) => (line.form === 'fact' && line.part === part ? [line] : [])))
  const lists = shuffled(lines.flatMap((line) => (line.form === 'list' && line.part === part ? [line] : [])))
  const small = lines.find((line) => line.form === 'small') ?? expectOne()
  const id = `${lang}-${part}-${seed}`
  let made = 0
  const say = (text: string, by: SaidMessage['by'] = 'user') => ({ id: by === 'user' ? `m-${++made}` : `${seed}-${++made}-e1`, by, text })
  type Said = ReturnType<typeof say>
  const filled = (template: string, value: string): string => template.replace('{v}', value)

  /** Runs of messages that keep their order among themselves. */
  const threads: Said[][] = []
  const questions: MemoryQuestion[] = []
  const dated: { readonly said: Said; readonly value: string; readonly when: string }[] = []
  for (const [index, fact] of facts.entries()) {
    const [value, newer, another] = shuffled(fact.values)
    if (value === undefined || newer === undefined || another === undefined) expectOne()
    const said = say(filled(one(fact.says), value))
    threads.push([say(filled(fact.other, another))])
    if (index < QUESTIONS) {
      threads.push([said, say(one(words.replies), 'assistant')])
      questions.push({ kind: 'single', text: one(fact.asks), evidence: [said.id] })
      dated.push({ said, value, when: one(fact.whens) })
    } else {
      const later = say(filled(one(fact.later), newer))
      const before = [say(one(fact.asks)), say(words.quote(said.text), 'assistant')]
      threads.push([said, ...before, later, say(one(words.replies), 'assistant')])
      questions.push({ kind: 'updated', text: one(fact.asks), evidence: [later.id], outdated: said.id })
    }
    if (index % 2 === seed % 2) questions.push({ kind: 'unsaid', text: one(fact.unsaid), evidence: [] })
  }
  for (const list of lists.slice(0, QUESTIONS)) {
    const said = shuffled(list.values)
      .slice(0, 2 + pick(random, 2))
      .map((value, index) => say(filled(list.says[index % list.says.length] ?? '', value)))
    for (const message of said) threads.push([message])
    questions.push({ kind: 'several', text: one(list.asks), evidence: said.map((message) => message.id) })
  }
  for (let count = 0; count < SMALL_TALK; count++) threads.push([say(filled(one(small.says), one(small.values)))])
  for (let count = 0; count < OTHER_QUESTIONS; count++) threads.push([say(one(small.asks))])

  const messages = interleaved(threads, random).map((said, index) => ({ ...said, at: new Date(START + index * PAUSE_MS).toISOString() }))
  const atOf = (said: Said): string => messages.find((message) => message.id === said.id)?.at ?? expectOne()
  const [a, b, c, d, e] = dated
  if (a === undefined || b === undefined || c === undefined || d === undefined || e === undefined) expectOne()
  for (const { said, when } of [a, b]) questions.push({ kind: 'time', text: when, evidence: [said.id] })
  for (const { said } of [c, d]) {
    questions.push({ kind: 'time', text: one(words.onDate)(words.date(new Date(atOf(said)))), evidence: [said.id] })
  }
  questions.push({ kind: 'time', text: words.first(e.value, a.value), evidence: [e.said.id, a.said.id] })
  const askedAt = new Date(START + messages.length * PAUSE_MS + DAY_MS).toISOString()
  return { id, lang, part, messages, questions, askedAt }
}

/** Takes from the threads by chance until all are empty; a longer one is as likely to be next as its messages. */
function interleaved<T>(threads: readonly (readonly T[])[], random: () => number): T[] {
  const order = threads.flatMap((thread, index) => thread.map(() => ({ index, at: random() }))).sort((a, b) => a.at - b.at)
  const next = threads.map(() => 0)
  const taken = (index: number): number => {
    const place = next[index] ?? 0
    next[index] = place + 1
    return place
  }
  return order.map(({ index }) => threads[index]?.[taken(index)] ?? expectOne())
}

function expectOne(): never {
  throw new Error('bench/eval/memory-*.jsonl has too few texts')
}
