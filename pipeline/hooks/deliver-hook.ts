import type { JsMsg } from '@nats-io/jetstream'
import type { KV } from '@nats-io/kv'
import pLimit from 'p-limit'
import type { Dispatcher } from 'undici'
import { z } from 'zod'
import { codeOf, hasCode, messageOf } from '../../schemas/errors.ts'
import { ANY_TYPE, HOOK_KIND } from '../../schemas/hook-events.ts'
import { LIMITS } from '../../schemas/limits.ts'
import { actorKey, type Address, outSubject } from '../../schemas/subjects.ts'
import { publishDerivedLetter } from '../dispatcher/derived-letters.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { createConsumeLoop } from '../jetstream/consume-loop.ts'
import { findRecord, lastRecord, recordsOf } from '../jetstream/last-record.ts'
import { openReader } from '../jetstream/ordered-reader.ts'
import type { RetryDeps } from '../jetstream/publish-with-retry.ts'
import { streamInfo } from '../jetstream/stream-info.ts'
import { typedKey } from '../jetstream/typed-kv.ts'
import { createInFlightLimiter } from '../runtime/in-flight-limiter.ts'
import { createLowWatermark } from '../runtime/low-watermark.ts'
import { periodicJob } from '../runtime/periodic-job.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { type Pauses, withRetry } from '../runtime/retry.ts'
import type { StageRun } from '../runtime/stage.ts'
import { keyOfHook } from './hook-key.ts'
import type { Hook } from './read-hooks.ts'
import { postSigned } from './signed-post.ts'

export interface DeliveryOptions extends Pick<RetryDeps, 'log' | 'metrics'> {
  readonly jetstream: JetStreamContext
  readonly kv: KV
  readonly agent: Dispatcher
  /** The secret from which the keys of hooks follow. */
  readonly secret: Buffer
  /** Pauses between attempts; default: from a second, doubling, to five minutes. */
  readonly pauses?: Pauses
  /** Attempts after the first; default 10, which takes some quarter of an hour. */
  readonly retriesMax?: number
}

/** Events of a hook that are read and not yet delivered, and their bytes. */
const EVENTS_MAX = 256
const BYTES_MAX = 8 * 1024 * 1024
/** Calls of a hook at a time, of different actors. */
const CALLS_MAX = 16
const PAUSES: Pauses = { minMs: 1_000, maxMs: 300_000 }
const RETRIES_MAX = 10
const SAVE_MS = 500
/** A hook that takes nothing is told so often, with the number of events since. */
const WARN_MS = 60_000

const placeSchema = z.object({ created: z.string(), seq: z.int().nonnegative(), beginnings: z.int() })

/** Prefix of the keys of places. */
const PLACES = 'hooks.place.'
type Named = Pick<Hook, 'tenant' | 'name'>
const placeKey = ({ tenant, name }: Named): string => `${PLACES}${tenant}.${name}`

/** Forgets how far hooks were that are gone: one that is set again begins where it is set. */
export async function forgetPlaces(kv: KV, hooks: readonly Named[]): Promise<void> {
  const known = new Set(hooks.map(placeKey))
  for await (const key of await kv.keys(`${PLACES}>`)) if (!known.has(key)) await kv.delete(key)
}

/** Subject of the events of a hook. */
const subjectOf = ({ tenant, kind = '*', type }: Hook): string => outSubject({ tenant, kind, id: '*' }, type === ANY_TYPE ? '>' : type)

/**
 * Starts to call a hook for the events of OUT, from where it was. Each event is delivered at least once, those of an actor in order: the
 * next waits until the one before is delivered, or given up after `retriesMax` retries, which is a dead letter. Actors do not wait for each
 * other, within the limits of what is under way. A new hook begins with the event after its `hook.changed`.
 */
export async function startHookDelivery(options: DeliveryOptions, hook: Hook): Promise<StageRun> {
  const { jetstream, kv, agent, metrics, pauses = PAUSES, retriesMax = RETRIES_MAX } = options
  const { tenant, name, url, beginnings } = hook
  // A logger of its own: each hook warns once in a while, however many events it does not take.
  const log = options.log.child({ tenant, hook: name })
  const place = typedKey(kv, placeKey(hook), placeSchema)
  const { created } = await streamInfo(jetstream.jsm, 'OUT')
  const known = (await place.get())?.value
  const startSeq = known?.beginnings === beginnings ? seqIn(known, created) : await beginning(jetstream, hook)
  const reader = await openReader(jetstream, {
    stream: 'OUT',
    filterSubjects: [subjectOf(hook)],
    startSeq: startSeq + 1,
    messagesMax: EVENTS_MAX,
  })
  const inFlight = createInFlightLimiter({ countMax: EVENTS_MAX, bytesMax: BYTES_MAX })
  const loop = createConsumeLoop(reader, inFlight)
  const watermark = createLowWatermark(startSeq)
  const limit = pLimit(CALLS_MAX)
  const key = keyOfHook(options.secret, hook)
  /** By actor: settles when what was read of it is delivered. */
  const queues = new Map<string, Promise<void>>()
  let failing: string | undefined

  const attempt = async (message: JsMsg): Promise<void> => {
    const id = idOf(message)
    await postSigned({ agent, url, key, id, body: message.data, contentType: 'application/cloudevents+json', signal: loop.signal })
    failing = undefined
    metrics.hookCalls.inc({ result: 'delivered' })
  }
  const giveUp = async (message: JsMsg, address: Address, error: unknown): Promise<void> => {
    metrics.hookCalls.inc({ result: 'given_up' })
    const fields = { host: new URL(url).host, actor: actorKey(address), code: codeOf(error), err: error }
    rateLimitedWarn(log, fields, 'a hook was called in vain; its event is in DEAD', WARN_MS)
    await publishDerivedLetter(
      { publisher: jetstream.publisher, log, metrics, signal: loop.signal },
      {
        reason: 'hook_failed',
        address,
        id: `hook ${tenant}/${name} ${idOf(message)}`,
        logSeq: await logSeqOf(jetstream, address, message),
        at: message.time.toISOString(),
        error,
        payload: message.string(),
      },
    )
  }
  const deliver = async (message: JsMsg, address: Address): Promise<void> => {
    try {
      await withRetry(() => attempt(message), {
        pauses,
        retriesMax,
        isJittered: true,
        signal: loop.signal,
        isFinal: (error) => loop.signal.aborted || hasCode(error, 'hook_address_refused'),
        onRetry(error, pauseMs) {
          failing = messageOf(error)
          metrics.hookCalls.inc({ result: 'failed' })
          rateLimitedWarn(log, { code: codeOf(error), err: error, pauseMs }, 'a hook did not take an event; calling it again')
        },
      })
    } catch (error) {
      // The next run delivers it.
      if (loop.signal.aborted) return
      await giveUp(message, address, error)
    }
    watermark.finish(message.seq)
  }
  const take = (message: JsMsg): void => {
    const address = addressOf(message.subject)
    const actor = actorKey(address)
    inFlight.acquire(message.data.length)
    watermark.take(message.seq)
    const before = queues.get(actor)
    const own = (before ?? Promise.resolve())
      .then(() => limit(deliver, message, address))
      .catch(loop.fail)
      .finally(() => {
        inFlight.release(message.data.length)
        if (queues.get(actor) === own) queues.delete(actor)
      })
    queues.set(actor, own)
  }
  let saved = startSeq
  const save = async (): Promise<void> => {
    const seq = watermark.low
    if (seq === saved) return
    await place.put({ created, seq, beginnings })
    saved = seq
  }
  const saving = periodicJob(SAVE_MS, async () => {
    await save().catch((err: unknown) => rateLimitedWarn(log, { err, code: codeOf(err) }, 'could not store how far a hook is; retrying'))
    return SAVE_MS
  })
  await place.put({ created, seq: startSeq, beginnings })
  loop.run(take)
  return {
    ended: loop.ended,
    health: () => ({ ok: failing === undefined, detail: failing === undefined ? 'running' : `failing: ${failing}` }),
    progress: () => ({ position: watermark.low, lag: reader.pending + watermark.unfinished }),
    async stop() {
      await loop.stop()
      await saving.stop()
      // The next run only repeats what it finds after an older place.
      await save().catch(() => undefined)
    },
  }
}

/** A stream that was created again has other sequences. */
const seqIn = (place: z.infer<typeof placeSchema>, created: string): number => (place.created === created ? place.seq : 0)

const idOf = ({ seq, headers }: JsMsg): string => headers?.get('Nats-Msg-Id') || `out:${seq}`

function addressOf(subject: string): Address {
  const [, tenant = '', kind = '', id = ''] = subject.split('.')
  return { tenant, kind, id }
}

/** The place in OUT after which a new hook is called. */
async function beginning({ jsm }: JetStreamContext, { tenant, name }: Hook): Promise<number> {
  const subject = outSubject({ tenant, kind: HOOK_KIND, id: name }, 'hook.changed')
  const set = await jsm.streams.getMessage('OUT', { last_by_subj: subject })
  return set?.seq ?? (await streamInfo(jsm, 'OUT')).state.last_seq
}

const sequenceSchema = z.object({ sequence: z.coerce.number() })

/** LOG sequence of the record that emitted an event; 0 where LOG no longer has it. */
async function logSeqOf(jetstream: JetStreamContext, address: Address, message: JsMsg): Promise<number> {
  const event = sequenceSchema.safeParse(message.json())
  const subject = recordsOf(address)
  const last = await lastRecord(jetstream, subject)
  if (!event.success || last === undefined) return 0
  const n = Math.floor(event.data.sequence / LIMITS.effectsMax)
  return (await findRecord(jetstream, subject, last, (record) => record.n - n))?.seq ?? 0
}
