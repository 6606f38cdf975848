import { type CachedFrom, cachedFromSchema } from './cached-from.ts'
import { type AnswerJudged, answerJudged, type Role, roleSchema } from './events.ts'
import { type Dimension, DIMENSIONS, REASON_CHARS_MAX, REASONS_MAX } from './quality.ts'

/**
 * Reads the events and label facts that fill the conversation tables. A kind may declare its own schemas for these events. Each field is
 * therefore read on its own: a field of another type counts as absent, and the row is still written. Facts are texts of 1 to
 * `FACT_CHARS_MAX` UTF-16 units; longer ones are cut.
 */
type Data = Readonly<Record<string, unknown>>

/** Length of a fact in UTF-16 units; longer ones are cut. */
export const FACT_CHARS_MAX = 256

/** The fields of `message.received`. `readReceived` returns undefined where the data lack a role or a text. */
export interface Received {
  readonly role: Role
  readonly text: string
  readonly lang: string | undefined
  readonly customer: string | undefined
  readonly channel: string | undefined
  readonly agent: string | undefined
}

/** The facts of `conversation.imported` about the case of the imported history. */
export interface Imported {
  readonly rating: number | undefined
  readonly tags: readonly string[] | undefined
  /** It counts in the questions. */
  readonly counted: boolean
  /** ISO; when it ended, if it counts. */
  readonly endedAt: string | undefined
}

/** The fields of `message.sent`. `readSent` returns undefined where the data lack a text. */
export interface Sent {
  readonly text: string
  readonly replyTo: string | undefined
  readonly lang: string | undefined
  readonly intent: string | undefined
  readonly intentConfidence: number | undefined
  readonly hits: number | undefined
  readonly model: string | undefined
  readonly modelVersion: string | undefined
  readonly promptVersion: string | undefined
  readonly kbVersion: string | undefined
  readonly tokensIn: number | undefined
  readonly tokensOut: number | undefined
  /** In millionths of the currency; an integer, so that sums are exact. */
  readonly costMicros: number | undefined
  readonly quality: number | undefined
  readonly evaluator: string | undefined
  /** The dimensions that have a score. */
  readonly scores: DimensionScores
  readonly reasons: readonly string[]
  readonly act: string | undefined
  readonly intents: readonly KnownIntent[]
  readonly because: readonly string[]
  readonly understandingVersion: string | undefined
  readonly lookups: readonly string[]
  readonly tier: string | undefined
  readonly complexity: number | undefined
  readonly tierReason: string | undefined
  readonly cachedFrom: CachedFrom | undefined
  readonly sources: readonly Source[]
}

export type DimensionScores = Readonly<Partial<Record<Dimension, number>>>

/** What a `message.translated` says of its translation. */
export interface TranslatedScore extends Pick<Sent, 'evaluator' | 'reasons'> {
  readonly quality: number
}

/** The facts of a `feedback.given` about one answer, or of an `answer.reviewed`. */
export interface AnswerFeedback {
  readonly answer: string
  readonly rating: number | undefined
  readonly thumbs: 'up' | 'down' | undefined
  readonly comment: string | undefined
  readonly correction: string | undefined
}

/** An intent of a question. */
export interface KnownIntent {
  readonly name: string
  readonly confidence: number
}

/** A source that a message cites. */
export interface Source {
  readonly source: string
  readonly chunk: string | undefined
  readonly score: number | undefined
}

const ROLES: ReadonlySet<unknown> = new Set(roleSchema.options)
const isRole = (value: unknown): value is Role => ROLES.has(value)

/**
 * Whether the records of an actor are those of a conversation. A kind that only passes messages on states `conversation: false` in its
 * label: its records then have rows in `events`, `actors` and `dead_letters` only.
 */
export const isConversation = (label: Data): boolean => label['conversation'] !== false

/** Reads the data of a `message.received`. */
export function readReceived(data: Data | undefined): Received | undefined {
  if (data === undefined) return undefined
  const { role, text, lang, customer, channel, agent } = data
  if (!isRole(role) || typeof text !== 'string') return undefined
  return {
    role,
    text,
    lang: fact(lang),
    customer: fact(typeof customer === 'number' ? String(customer) : customer),
    channel: fact(channel),
    agent: fact(agent),
  }
}

/** Most intents of a question, and most reasons for them. */
const INTENTS_MAX = 16
const BECAUSE_MAX = 16
/** Most lookups for a question, and UTF-16 units of one. */
const LOOKUPS_MAX = 16
const LOOKUP_CHARS_MAX = 1024

/** Most tags of a case. */
export const TAGS_MAX = 32

/** Reads the data of a `conversation.imported`. */
export function readImported(data: Data | undefined): Imported {
  const { tags, counted, endedAt }: { tags?: unknown; counted?: unknown; endedAt?: unknown } = data ?? {}
  const texts = Array.isArray(tags) ? readFacts(tags, TAGS_MAX) : undefined
  return { rating: number(data?.['rating']), tags: texts, counted: counted === true, endedAt: isPastTime(endedAt) ? endedAt : undefined }
}

/** The only form in which an import writes a time: that of `toISOString`, from 1970 to 2099. A record may hold no other. */
const isPastTime = (value: unknown): value is string => {
  if (typeof value !== 'string' || !/^(19[7-9]\d|20\d\d)-/.test(value)) return false
  const ms = Date.parse(value)
  return !Number.isNaN(ms) && new Date(ms).toISOString() === value
}

/** Reads the data of a `message.sent`. */
export function readSent(data: Data): Sent | undefined {
  const { text } = data
  if (typeof text !== 'string') return undefined
  return {
    text,
    replyTo: typeof data['replyTo'] === 'string' ? data['replyTo'] : undefined,
    lang: fact(data['lang']),
    intent: fact(data['intent']),
    intentConfidence: number(data['intentConfidence']),
    hits: whole(data['hits'], 0xffff_ffff),
    model: fact(data['model']),
    modelVersion: fact(data['modelVersion']),
    promptVersion: fact(data['promptVersion']),
    kbVersion: fact(data['kbVersion']),
    tokensIn: whole(data['tokensIn']),
    tokensOut: whole(data['tokensOut']),
    costMicros: micros(data['cost']),
    quality: readScore(data['quality']),
    evaluator: fact(data['evaluator']),
    scores: readScores(data['scores']),
    reasons: readTexts(data['reasons'], REASONS_MAX, REASON_CHARS_MAX),
    act: fact(data['act']),
    intents: readIntents(data['intents']),
    because: readFacts(data['because'], BECAUSE_MAX),
    understandingVersion: fact(data['understandingVersion']),
    lookups: readTexts(data['lookups'], LOOKUPS_MAX, LOOKUP_CHARS_MAX),
    tier: fact(data['tier']),
    complexity: readScore(data['complexity']),
    tierReason: fact(data['tierReason']),
    cachedFrom: cachedFromSchema.safeParse(data['cachedFrom']).data,
    sources: readSources(data['sources']),
  }
}

/** Reads how good a translation is; `undefined` of another event, and where it was not checked. */
export function readTranslatedScore({ type, data }: { readonly type: string; readonly data: Data }): TranslatedScore | undefined {
  const quality = type === 'message.translated' ? readScore(data['quality']) : undefined
  if (quality === undefined) return undefined
  return { quality, evaluator: fact(data['evaluator']), reasons: readTexts(data['reasons'], REASONS_MAX, REASON_CHARS_MAX) }
}

function readIntents(value: unknown): KnownIntent[] {
  if (!Array.isArray(value)) return []
  const intents: KnownIntent[] = []
  for (const item of (value as unknown[]).slice(0, INTENTS_MAX)) {
    if (typeof item !== 'object' || item === null) continue
    const { name, confidence }: { name?: unknown; confidence?: unknown } = item
    const [known, share] = [fact(name), number(confidence)]
    if (known !== undefined && share !== undefined) intents.push({ name: known, confidence: share })
  }
  return intents
}

/** A score that is no number from 0 to 1 counts as absent. */
const readScore = (value: unknown): number | undefined => {
  const score = number(value)
  return score !== undefined && score >= 0 && score <= 1 ? score : undefined
}

/** Without the dimensions that were not compared. */
function readScores(value: unknown): DimensionScores {
  if (typeof value !== 'object' || value === null) return {}
  const scores: Partial<Record<Dimension, number>> = {}
  for (const dimension of DIMENSIONS) {
    const score = readScore(Reflect.get(value, dimension))
    if (score !== undefined) scores[dimension] = score
  }
  return scores
}

const readTexts = (value: unknown, countMax: number, charsMax: number): string[] =>
  Array.isArray(value) ? (value as unknown[]).slice(0, countMax).flatMap((text) => cut(text, charsMax) ?? []) : []

const readFacts = (value: unknown, countMax: number): string[] => readTexts(value, countMax, FACT_CHARS_MAX)

function readSources(value: unknown): Source[] {
  if (!Array.isArray(value)) return []
  const sources: Source[] = []
  for (const item of value as unknown[]) {
    if (typeof item !== 'object' || item === null) continue
    const { source, chunk, score }: { source?: unknown; chunk?: unknown; score?: unknown } = item
    if (typeof source !== 'string') continue
    sources.push({ source, chunk: typeof chunk === 'string' ? chunk : undefined, score: number(score) })
  }
  return sources
}

const SERVED: ReadonlySet<unknown> = new Set(['resolved', 'escalated_resolved', 'answered'])
/** Whether the customer of a case with this outcome got what he came for: he did not drop out, whatever closed the case. */
export const isServed = (outcome: string | null | undefined): boolean => SERVED.has(outcome)

/** What an input says of the person who has a case. */
export interface AtDesk {
  readonly agent?: string | undefined
  readonly team?: string | undefined
  readonly isOverdue?: boolean
}

/** Reads `case.assigned`, `case.queued`, `case.taken` and `case.overdue`; no facts in any other input. */
export function readAtDesk(type: string, data: Data | undefined): AtDesk {
  if (data === undefined) return {}
  switch (type) {
    case 'case.assigned':
      return { agent: fact(data['agent']), team: fact(data['team']) }
    case 'case.queued':
      return { team: fact(data['team']) }
    case 'case.taken':
      return { agent: fact(data['agent']) }
    case 'case.overdue':
      return { team: fact(data['team']), isOverdue: true }
    default:
      return {}
  }
}

/** `reason` of `escalated`, `outcome` of `case.closed`, `rating` of `feedback.given`. */
export const readReason = (data: Data): string | undefined => fact(data['reason'])
export const readOutcome = (data: Data): string | undefined => fact(data['outcome'])
export const readRating = (data: Data | undefined): number | undefined => number(data?.['rating'])

/** Length of a comment and of a correction in UTF-16 units; longer ones are cut. */
const FEEDBACK_CHARS_MAX = 4_000

/** Reads a `feedback.given` or an `answer.reviewed`; undefined where it is about the whole case. */
export function readAnswerFeedback(data: Data | undefined): AnswerFeedback | undefined {
  const answer = fact(data?.['answer'])
  if (data === undefined || answer === undefined) return undefined
  const { thumbs } = data
  return {
    answer,
    rating: number(data['rating']),
    thumbs: thumbs === 'up' || thumbs === 'down' ? thumbs : undefined,
    comment: cut(data['comment'], FEEDBACK_CHARS_MAX),
    correction: cut(data['correction'], FEEDBACK_CHARS_MAX),
  }
}

/** Who sent an input, as the console names a person; empty where nobody is named. */
export const readBy = (attributes: Data | undefined): string => fact(attributes?.['by']) ?? ''

/** Reads an `answer.judged`. Its schema was checked when it was decided: it is read as a whole. */
export const readJudged = (data: Data | undefined): AnswerJudged | undefined => answerJudged.safeParse(data).data

/**
 * An evaluator as `message.sent` names it, in its parts: `rules@1` is version 1 of `rules`. Without an `@`, the version is empty.
 */
export function splitEvaluator(name: string | undefined): { readonly evaluator: string; readonly version: string } {
  const at = name?.lastIndexOf('@') ?? -1
  return name === undefined || at < 0
    ? { evaluator: name ?? '', version: '' }
    : { evaluator: name.slice(0, at), version: name.slice(at + 1) }
}

/** A text or number of a label; undefined where it has none by that name. */
export const labelText = (label: Data, name: string): string | undefined => fact(label[name])
export const labelNumber = (label: Data, name: string): number | undefined => number(label[name])

const fact = (value: unknown): string | undefined => cut(value, FACT_CHARS_MAX)

function cut(value: unknown, charsMax: number): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  return value.length <= charsMax ? value : value.slice(0, charsMax).toWellFormed()
}

const number = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined)

function whole(value: unknown, max = Number.MAX_SAFE_INTEGER): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max ? value : undefined
}

/** An amount of money in millionths; undefined beyond 9,007 million, where it is no longer an exact integer. */
export const micros = (value: unknown): number | undefined => (typeof value === 'number' ? whole(Math.round(value * 1e6)) : undefined)
