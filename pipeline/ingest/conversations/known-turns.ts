import { hash } from 'node:crypto'
import type { StoredMsg } from '@nats-io/jetstream'
import { observedMessages } from '../../../actors/core/observed-messages.ts'
import type { Role } from '../../../schemas/events.ts'
import type { LogRecord, PublicRecord } from '../../../schemas/record.ts'
import type { JetStreamContext } from '../../jetstream/connection.ts'
import { readPage } from '../../jetstream/direct-page.ts'
import { subjectEndDirect } from '../../jetstream/last-record.ts'
import { logParser } from '../../jetstream/log-message.ts'

/** A turn that an actor has. */
export interface KnownTurn {
  readonly role: Role
  /** What it says: equal for equal role and text. */
  readonly key: string
  /** The start of its text. */
  readonly head: string
  readonly id: string
  /** The id and the time that the file stated from which it was imported. */
  readonly statedId?: string | undefined
  readonly statedTime?: string | undefined
}

/** Facts about a conversation of history, as its actor's case has them. */
export interface Facts {
  readonly rating?: number | undefined
  readonly tags?: readonly string[] | undefined
  /** It counts in the questions. */
  readonly counted?: true | undefined
}

/** What an actor has of its conversation. */
export interface KnownConversation {
  /** In the order of the records. */
  readonly turns: readonly KnownTurn[]
  /** How many of the turns are history. */
  readonly historyCount: number
  /** The number of turns that the end of the last import stated. */
  readonly endCount: number
  readonly facts: Facts
  /** The conversation has gone on live: its present case is not history. */
  readonly isLive: boolean
  /** Number of the last record. */
  readonly n: number
}

const NOTHING_KNOWN: KnownConversation = { turns: [], historyCount: 0, endCount: 0, facts: {}, isLive: false, n: 0 }

/** Sources of imported turns, and of the end of an import. */
export const TURN_SOURCE = 'import'
export const END_SOURCE = 'import/end'

const HEAD_CHARS = 120
export const headOf = (text: string): string => (text.length <= HEAD_CHARS ? text : `${text.slice(0, HEAD_CHARS).toWellFormed()}…`)

/** A short form of what a turn says: 96 bits of SHA-1. */
export const keyOf = (role: Role, text: string): string => hash('sha1', `${role}\n${text}`, 'base64url').slice(0, 16)

const TURN_ID = 'turn-'
/**
 * The id of a turn that states none. It tells equal turns apart by their number and time. That of a turn that is recorded late also tells
 * before which known one it belongs.
 */
export const isTurnId = (id: string): boolean => id.startsWith(TURN_ID)
export const turnId = (key: string, number: number, time: string | undefined, before?: string): string => {
  const name = hash('sha1', `${key} ${number} ${time ?? ''}`, 'base64url').slice(0, 16)
  return `${TURN_ID}${name}${before === undefined ? '' : `-${placeName(before)}`}`
}

/** The place before a turn, as the ids of late turns have it: 48 bits of SHA-1. */
export const placeName = (id: string): string => hash('sha1', id, 'base64url').slice(0, 8)
export const placeOf = (id: string): string | undefined => /^turn-[\w-]{16}-([\w-]{8})(?:-of-[\w-]{8})?$/.exec(id)?.[1]

/** The last new turn of a file that was compared by the numbers of equal turns names the file: it is compared so again. */
export const ofFile = (id: string, file: string): string => `${id}-of-${file}`
export const fileOf = (id: string): string | undefined => /^turn-[\w-]{16}(?:-[\w-]{8})?-of-([\w-]{8})$/.exec(id)?.[1]
/** 48 bits of SHA-1. */
export const fileName = (keys: readonly string[]): string => hash('sha1', keys.join(' '), 'base64url').slice(0, 8)

const BATCH_MAX = 1_000

/**
 * Reads an actor's turns from LOG: its last record, and then a thousand records with each round trip.
 *
 * @param subject of its records
 * @param isEnough whether the last record alone tells enough
 * @returns `undefined` if it does
 */
export async function readKnown(
  jetstream: JetStreamContext,
  subject: string,
  isEnough: (last: LogRecord) => boolean,
): Promise<KnownConversation | undefined> {
  const { record: last } = await subjectEndDirect(jetstream, subject)
  if (last === undefined) return NOTHING_KNOWN
  if (isEnough(last.record)) return undefined
  const turns: KnownTurn[] = []
  let historyCount = 0
  const take = (record: PublicRecord): void => {
    const found = turnsIn(record)
    turns.push(...found)
    if (record.input.history === true) historyCount += found.length
  }
  for (let seq = 0; seq < last.seq;) seq = await readBatch(jetstream, subject, seq + 1, last.seq, take)
  const { case: current, seen, n } = last.record
  return {
    turns,
    historyCount,
    endCount: seen.sources.find(([source]) => source === END_SOURCE)?.[1] ?? 0,
    facts: factsOfCase(last.record),
    isLive: current.history !== true,
    n,
  }
}

export const factsOfCase = ({ case: { rating, tags, counted } }: LogRecord): Facts => ({ rating, tags, counted })

/** Reads the records of a subject from a sequence on, at most a batch and none after `lastSeq`. Returns the sequence it has come to. */
async function readBatch(
  { jsm }: JetStreamContext,
  subject: string,
  seq: number,
  lastSeq: number,
  take: (record: PublicRecord) => void,
): Promise<number> {
  const parse = await logParser({ jsm })
  let reached = seq - 1
  const takeMessage = (message: StoredMsg): void => {
    if (message.seq > lastSeq) return
    reached = message.seq
    const { record } = parse(message)
    if (record !== undefined) take(record)
  }
  try {
    await readPage(jsm, { stream: 'LOG', seq, subject, messagesMax: BATCH_MAX }, takeMessage)
  } catch (error) {
    // The next batch begins where this one broke off.
    if (reached < seq) throw error
  }
  // A batch that brings nothing new has reached the end, as where LOG has lost its last records.
  return reached < seq ? lastSeq : reached
}

function turnsIn(record: PublicRecord): KnownTurn[] {
  if (record.outcome !== 'committed') return []
  const { input, inbox } = record
  return observedMessages(record).map(({ idx, id, role, received, sent }) => {
    const text = received?.text ?? sent?.text ?? ''
    const isImported = idx === 0 && input.source === TURN_SOURCE
    return {
      role,
      key: keyOf(role, text),
      head: headOf(text),
      id,
      // The ids of earlier versions were <actor>-<number>, and an import of those states no ids either.
      statedId: isImported && input.sequence === undefined && !isTurnId(id) ? id : undefined,
      // The time of an input that states none is that of its arrival.
      statedTime: isImported && input.history === true && input.time !== inbox.ts ? input.time : undefined,
    }
  })
}
