import pLimit from 'p-limit'
import { exampleIdsIn } from '../../../actors/kinds/intents/examples.ts'
import { intentContextSchema } from '../../../actors/kinds/intents/intent-kind.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { INTENT_KIND, intentActorId } from '../../../schemas/intent-events.ts'
import type { Address } from '../../../schemas/subjects.ts'
import type { JetStreamContext } from '../../jetstream/connection.ts'
import { lastRecord, recordsOf } from '../../jetstream/last-record.ts'
import type { Sender } from '../../producer/input-sender.ts'
import { pollUntil } from '../../runtime/poll-until.ts'
import { readTaughtSet, setAddress, type SetName, type TaughtSet } from '../../understanding/taught/taught-set.ts'
import { planTeach, type PresentExamples, teachName, type TeachPart, type WantedExamples } from './teach-plan.ts'

/** The result of a revision. */
export interface Taught {
  /** `unchanged`: the set had just these examples, and nothing was sent. */
  readonly outcome: 'changed' | 'unchanged'
  readonly version: number
  readonly intents: number
  readonly examples: number
  readonly added: number
  readonly removed: number
}

export interface TeachOptions {
  /** Forget the intents of the set that have no wanted examples. Default: they stay as they are. */
  readonly forgetsOthers?: boolean
  /** Keep the examples of the wanted intents that are not wanted: there may be more than the caller knows. Default: they are removed. */
  readonly keepsOthers?: boolean
  /** Called with the parts that INBOX has stored. */
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

export interface IntentsClientDeps {
  readonly jetstream: JetStreamContext
  readonly sender: Sender
  /** How long the set may take for the last parts. Default 60 s. */
  readonly completedMsMax?: number
}

const SOURCE = 'intents'
/** Requests under way at a time. */
const REQUESTS_MAX = 64
const COMPLETED_MS_MAX = 60_000

/**
 * Gives intents just the wanted examples, as one revision of their set: sends only what differs, and waits until the set has the new
 * version.
 *
 * @throws ColloquyError as `planTeach`, `readTaughtSet` and `Sender.send`; `not_taught` where the set does not get all parts in time
 */
export async function teachIntents(
  deps: IntentsClientDeps,
  name: SetName,
  wanted: WantedExamples,
  options: TeachOptions = {},
): Promise<Taught> {
  const before = await readTaughtSet(deps.jetstream, name)
  const forgotten = options.forgetsOthers === true ? before.intents.filter((one) => !wanted.has(one.name)) : []
  return revise(
    deps,
    before,
    wanted,
    forgotten.map((one) => one.name),
    options,
  )
}

/** Forgets intents with all their examples. @throws ColloquyError `no_such_intent`, and as `teachIntents` */
export async function forgetIntents(
  deps: IntentsClientDeps,
  name: SetName,
  intents: readonly string[],
  options: Omit<TeachOptions, 'forgetsOthers'> = {},
): Promise<Taught> {
  const before = await readTaughtSet(deps.jetstream, name)
  const known = new Set(before.intents.map((one) => one.name))
  const unknown = intents.find((intent) => !known.has(intent))
  if (unknown !== undefined) {
    throw new ColloquyError('no_such_intent', `the set "${name.set}" of ${name.tenant} has no intent ${JSON.stringify(unknown)}`)
  }
  return revise(deps, before, new Map(), intents, options)
}

async function revise(
  deps: IntentsClientDeps,
  before: TaughtSet,
  wanted: WantedExamples,
  forgotten: readonly string[],
  { keepsOthers = false, onProgress, signal }: TeachOptions,
): Promise<Taught> {
  const present = await presentExamples(deps.jetstream, before, [...wanted.keys()])
  const countedBySet = new Map(before.intents.map(({ name, examples }) => [name, examples]))
  const plan = planTeach(wanted, present, { forgotten, keepsOthers, countedBySet })
  const { parts, added, removed } = plan
  if (parts.length === 0 && before.coming.length === 0) return { outcome: 'unchanged', ...figuresOf(before), added, removed }
  if (parts.length === 0) return { outcome: 'changed', ...figuresOf(await complete(deps, before, signal)), added, removed }
  const teach = teachName(plan, before.seq)
  const limit = pLimit(REQUESTS_MAX)
  let done = 0
  await Promise.all(
    parts.map((part, index) =>
      limit(async () => {
        const place = { set: before.set, intent: part.intent, teach, part: index + 1, parts: parts.length }
        await deps.sender.send(addressOf(before, part.intent), { id: `${teach}-${index + 1}`, source: SOURCE, ...inputOf(part, place) })
        done += 1
        onProgress?.(done, parts.length)
      }),
    ),
  )
  return { outcome: 'changed', ...figuresOf(await newVersion(deps, before, [teach], signal)), added, removed }
}

const inputOf = ({ add, remove }: TeachPart, place: { readonly intent: string }) =>
  add === undefined ? { type: 'intent.forgotten', data: place } : { type: 'intent.taught', data: { ...place, add, remove } }

const addressOf = ({ tenant, set }: SetName, intent: string): Address => ({ tenant, kind: INTENT_KIND, id: intentActorId(set, intent) })

const figuresOf = ({ version, intents }: TaughtSet): Pick<Taught, 'version' | 'intents' | 'examples'> => ({
  version,
  intents: intents.length,
  examples: intents.reduce((sum, { examples }) => sum + examples, 0),
})

/** The ids of the examples that LOG has of the set's intents, and of others that are about to be taught. */
async function presentExamples(jetstream: JetStreamContext, set: TaughtSet, more: readonly string[]): Promise<PresentExamples> {
  const limit = pLimit(REQUESTS_MAX)
  const names = [...new Set([...set.intents.map(({ name }) => name), ...more])]
  const read = async (intent: string): Promise<readonly [string, ReadonlySet<string>]> => {
    const state = (await lastRecord(jetstream, recordsOf(addressOf(set, intent)), 'anyReplica'))?.record.state
    const context = state === undefined || state === null ? undefined : intentContextSchema.safeParse(state.context).data
    return [intent, exampleIdsIn(context?.examples ?? '')]
  }
  const all = await Promise.all(names.map((intent) => limit(read, intent)))
  return new Map(all.filter(([, ids]) => ids.size > 0))
}

/** Completes the teaches whose other parts never came: all that is wanted is there. */
async function complete(deps: IntentsClientDeps, before: TaughtSet, signal: AbortSignal | undefined): Promise<TaughtSet> {
  for (const teach of before.coming) {
    const input = { type: 'intents.completed', id: `${teach}-completed-after-${before.seq}`, source: SOURCE, data: { teach } }
    await deps.sender.send(setAddress(before), input)
  }
  return newVersion(deps, before, before.coming, signal)
}

/** Waits until the set has a newer version, and none of the teaches is under way. */
async function newVersion(
  { jetstream, completedMsMax = COMPLETED_MS_MAX }: IntentsClientDeps,
  before: TaughtSet,
  teaches: readonly string[],
  signal: AbortSignal | undefined,
): Promise<TaughtSet> {
  const late = AbortSignal.timeout(completedMsMax)
  const isComplete = async (): Promise<TaughtSet | undefined> => {
    const now = await readTaughtSet(jetstream, before)
    return now.version > before.version && !now.coming.some((teach) => teaches.includes(teach)) ? now : undefined
  }
  try {
    return await pollUntil(isComplete, { signal: signal === undefined ? late : AbortSignal.any([late, signal]) })
  } catch (error) {
    if (!late.aborted) throw error
    const { tenant, set } = before
    throw new ColloquyError(
      'not_taught',
      `the set "${set}" of ${tenant} has not got all parts after ${completedMsMax / 1_000} s; see "colloquy status" and `
        + `"colloquy dead ls --tenant ${tenant}", then run the command again, which sends only what is missing`,
    )
  }
}
