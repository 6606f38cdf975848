import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { SetIntent } from '../../../actors/kinds/intents/intents-kind.ts'
import { codeOf, messageOf } from '../../../schemas/errors.ts'
import { INTENTS_KIND } from '../../../schemas/intent-events.ts'
import { TRAIN_SUBJECT } from '../../../schemas/subjects.ts'
import type { JetStreamContext } from '../../jetstream/connection.ts'
import { watchConnection } from '../../jetstream/connection-events.ts'
import { createIntentClassifier, type IntentClassifier } from '../intents/intent-classifier.ts'
import { readTaughtSet, type SetName } from '../taught/taught-set.ts'
import { TRAINED_CHANGES, type TrainedFrom, type TrainedModels, trainedName } from './trained-models.ts'

/** A trained set, ready to classify. */
export interface TrainedSet {
  readonly classifier: IntentClassifier
  /** Version of the set that it was trained from; the set may have a newer one. */
  readonly version: number
  /** Name of its object. */
  readonly name: string
  /** Fingerprint of the embedding model whose vectors it takes; `null` if it takes none. */
  readonly vectors: string | null
  /** What the tenant says of the intents, by name, as of the newest version. */
  readonly facts: ReadonlyMap<string, Pick<SetIntent, 'description' | 'route'>>
}

/** The trained sets that a process uses. */
export interface TrainedSets {
  /**
   * The trained set of the newest version, or of the one before while that is being trained; `undefined` where the set is not taught, or
   * not trained yet.
   */
  of(set: SetName): Promise<TrainedSet | undefined>
  stop(): void
}

export interface TrainedSetsOptions {
  readonly jetstream: JetStreamContext
  readonly models: TrainedModels
  /** Fingerprint of the embedding model in use; `null` where none of meaning is. */
  readonly vectors: () => Promise<string | null>
  readonly log: Logger
  /** Bytes of all trained sets in memory; default 128 MiB. The least recently used are dropped. */
  readonly bytesMax?: number
}

const BYTES_MAX = 128 * 1024 * 1024
/** Size of an entry beside its classifier. */
const ENTRY_BYTES = 1_000
/** Events make an entry stale at once; this bounds its age if an event is lost. */
const FRESH_MS = 30_000

interface Entry {
  readonly found: TrainedSet | undefined
  staleFromMs: number
}

/** Creates the trained sets of a process. A set is loaded at its first use, and again after a change: meanwhile the one before serves. */
export function createTrainedSets({ jetstream, models, vectors, log, bytesMax = BYTES_MAX }: TrainedSetsOptions): TrainedSets {
  const entries = new LRUCache<string, Entry>({
    maxSize: bytesMax,
    sizeCalculation: ({ found }) => ENTRY_BYTES + (found?.classifier.bytes ?? 0),
  })
  const loading = new Map<string, Promise<TrainedSet | undefined>>()
  const outdate = (): void => {
    for (const entry of entries.values()) entry.staleFromMs = 0
  }
  const { nc } = jetstream
  const subscriptions = [`out.*.${INTENTS_KIND}.*.intents.changed`, TRAINED_CHANGES].map((subject) =>
    nc.subscribe(subject, { callback: outdate }),
  )
  const connection = watchConnection(nc, 'reconnect', outdate)

  const load = async (name: SetName, before: TrainedSet | undefined): Promise<TrainedSet | undefined> => {
    const taught = await readTaughtSet(jetstream, name, { from: 'anyReplica' })
    if (taught.intents.length === 0 || taught.version === 0) return undefined
    const fingerprint = await vectors()
    const newest: TrainedFrom = { ...name, version: taught.version, seq: taught.seq, vectors: fingerprint }
    if (before?.name === trainedName(newest)) return before
    const facts = new Map(taught.intents.map((intent) => [intent.name, intent]))
    const found = await open(newest, facts)
    if (found !== undefined) return found
    if (before !== undefined) return { ...before, facts }
    const [earlier] = (await models.versionsOf(name, fingerprint)).filter(({ seq }) => seq < newest.seq)
    return earlier === undefined ? undefined : open(earlier, facts)
  }
  const open = async (from: TrainedFrom, facts: TrainedSet['facts']): Promise<TrainedSet | undefined> => {
    const bytes = await models.load(from)
    if (bytes === undefined) return undefined
    try {
      return { classifier: createIntentClassifier(bytes), version: from.version, name: trainedName(from), vectors: from.vectors, facts }
    } catch (err) {
      log.error(
        { err, code: codeOf(err), tenant: from.tenant, set: from.set, version: from.version },
        `a trained set of ${from.tenant} cannot be used (${messageOf(err)}); it is trained again, and the version before serves meanwhile`,
      )
      await models.remove(from)
      nc.publish(TRAIN_SUBJECT, JSON.stringify({ tenant: from.tenant, set: from.set }))
      return undefined
    }
  }
  const loadOnce = (key: string, name: SetName, before: TrainedSet | undefined): Promise<TrainedSet | undefined> => {
    const known = loading.get(key)
    if (known !== undefined) return known
    const started = load(name, before)
      .then((found) => {
        entries.set(key, { found, staleFromMs: performance.now() + FRESH_MS })
        return found
      })
      .finally(() => loading.delete(key))
    loading.set(key, started)
    return started
  }
  return {
    async of(name) {
      const key = `${name.tenant}/${name.set}`
      const entry = entries.get(key)
      if (entry === undefined) return loadOnce(key, name, undefined)
      if (performance.now() >= entry.staleFromMs) {
        const refreshing = loadOnce(key, name, entry.found)
        if (entry.found === undefined) return refreshing
        // The next message asks again.
        refreshing.catch((err: unknown) => log.warn({ err, code: codeOf(err) }, `could not look for a newer set "${name.set}"; retrying`))
      }
      return entry.found
    },
    stop() {
      for (const subscription of subscriptions) subscription.unsubscribe()
      connection.stop()
    },
  }
}
