import { intentsContextSchema, type SetIntent, taughtOf } from '../../../actors/kinds/intents/intents-kind.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { exampleIdOf, INTENT_KIND, intentForgotten, INTENTS_KIND, intentTaught } from '../../../schemas/intent-events.ts'
import type { LogRecord, PublicRecord } from '../../../schemas/record.ts'
import type { Address } from '../../../schemas/subjects.ts'
import type { JetStreamContext } from '../../jetstream/connection.ts'
import { firstRecord, lastRecord, type Placed, type ReadFrom, recordsOf, recordsOfKind } from '../../jetstream/last-record.ts'
import { logParser } from '../../jetstream/log-message.ts'
import { openReader } from '../../jetstream/ordered-reader.ts'

/** Names a set of intents. */
export interface SetName {
  readonly tenant: string
  readonly set: string
}

/** A set of intents at one version, without its examples. */
export interface TaughtSet extends SetName {
  /** Number of complete revisions; 0 where nothing was taught. */
  readonly version: number
  /** LOG sequence of the record that made this version; 0 where there is none. */
  readonly seq: number
  /** Those that have examples; of the newest version, as they are now: parts of the next one may have come. */
  readonly intents: readonly SetIntent[]
  /** Names of the teaches that are under way, or were given up. */
  readonly coming: readonly string[]
}

export const setAddress = ({ tenant, set }: SetName): Address => ({ tenant, kind: INTENTS_KIND, id: set })

/**
 * Reads a set.
 *
 * @param version default: the newest
 * @throws ColloquyError `no_such_version` where the set never had the version; `no_intents` where its actor is of another kind
 */
export async function readTaughtSet(
  { jsm }: Pick<JetStreamContext, 'jsm'>,
  name: SetName,
  { version, from = 'leader' }: { readonly version?: number | undefined; readonly from?: ReadFrom } = {},
): Promise<TaughtSet> {
  const subject = recordsOf(setAddress(name))
  const last = await lastRecord({ jsm }, subject, from)
  if (last === undefined) {
    if (version !== undefined) throw noSuchVersion(name, version, 0)
    return { ...name, version: 0, seq: 0, intents: [], coming: [] }
  }
  const newest = contextOf(last.record).version
  if (version === undefined || version === newest) {
    const made = await madeBy({ jsm }, subject, last, newest, from)
    return { ...taughtSet(name, last), seq: made?.seq ?? 0 }
  }
  if (version > newest || version < 1) throw noSuchVersion(name, version, newest)
  const found = await firstRecord({ jsm }, subject, last, (record) => contextOf(record).version < version, from)
  if (found === undefined) throw noSuchVersion(name, version, newest)
  return taughtSet(name, found)
}

/** The record that made the newest version. Later ones only counted parts that are under way, or changed nothing. */
async function madeBy(
  reads: Pick<JetStreamContext, 'jsm'>,
  subject: string,
  last: Placed,
  newest: number,
  from: ReadFrom,
): Promise<Placed | undefined> {
  if (newest === 0) return undefined
  if (last.record.emitted.some(({ type }) => type === 'intents.changed')) return last
  return firstRecord(reads, subject, last, (record) => contextOf(record).version < newest, from)
}

function taughtSet(name: SetName, { seq, record }: Placed): TaughtSet {
  const context = contextOf(record)
  return { ...name, version: context.version, seq, intents: taughtOf(context), coming: context.coming.map(({ teach }) => teach) }
}

const NOTHING = { version: 0, intents: [], coming: [], done: [] }

/** A set whose first input was rejected has no state. */
function contextOf({ state }: LogRecord): Readonly<ReturnType<typeof intentsContextSchema.parse>> {
  if (state === null) return NOTHING
  const context = intentsContextSchema.safeParse(state.context)
  if (context.success) return context.data
  throw new ColloquyError(
    'no_intents',
    `sets of intents are kept by the built-in kind "${INTENTS_KIND}", and a colloquy.config.ts has another kind of this name; rename it`,
  )
}

const noSuchVersion = ({ tenant, set }: SetName, version: number, newest: number): ColloquyError =>
  new ColloquyError(
    'no_such_version',
    newest === 0
      ? `the tenant ${tenant} has taught no set "${set}"`
      : `the set "${set}" of ${tenant} has the versions 1 to ${newest}, and no ${version}`,
  )

/** Texts of examples by intent, in the order in which they were taught. */
export type Examples = ReadonlyMap<string, readonly string[]>

const FETCH_AHEAD_MAX = 500

/** Reads the examples of a set as it was at its version, from the records of its intents. */
export async function readExamples(jetstream: JetStreamContext, { tenant, set, seq, intents }: TaughtSet): Promise<Examples> {
  const byIntent = new Map<string, Map<string, string>>(intents.map(({ name }) => [name, new Map()]))
  if (intents.length === 0 || seq === 0) return new Map()
  const parse = await logParser(jetstream)
  const filterSubjects = [recordsOfKind(INTENT_KIND, tenant)]
  const reader = await openReader(jetstream, { stream: 'LOG', filterSubjects, startSeq: 1, to: seq, messagesMax: FETCH_AHEAD_MAX })
  for await (const message of reader) {
    const { record } = parse(message)
    if (record !== undefined) applyPart(byIntent, set, record)
  }
  return new Map([...byIntent].flatMap(([intent, texts]) => (texts.size === 0 ? [] : [[intent, [...texts.values()]]])))
}

function applyPart(byIntent: ReadonlyMap<string, Map<string, string>>, set: string, { outcome, input }: PublicRecord): void {
  if (outcome !== 'committed' || input.history === true) return
  if (input.type === 'intent.taught') {
    const { data } = intentTaught.safeParse(input.data)
    const texts = data?.set === set ? byIntent.get(data.intent) : undefined
    if (data === undefined || texts === undefined) return
    for (const id of data.remove ?? []) texts.delete(id)
    for (const text of data.add ?? []) texts.set(exampleIdOf(text), text)
  } else if (input.type === 'intent.forgotten') {
    const { data } = intentForgotten.safeParse(input.data)
    if (data?.set === set) byIntent.get(data.intent)?.clear()
  }
}
