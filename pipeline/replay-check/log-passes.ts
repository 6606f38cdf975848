import { hash } from 'node:crypto'
import type { JsMsg } from '@nats-io/jetstream'
import { ColloquyError, hasCode } from '../../schemas/errors.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { openReader } from '../jetstream/ordered-reader.ts'

/** Which actors. */
export interface Selection {
  /** Default: of all tenants. */
  readonly tenant?: string | undefined
  /** Default: of all kinds. */
  readonly kind?: string | undefined
  /** So many actors, chosen by their names' hashes: the same ones each time. Default: all. */
  readonly sample?: number | undefined
  /** A LOG that is not larger is read in one pass, a larger one partition by partition. Default 200,000. */
  readonly onePassRecordsMax?: number
}

/** Subjects that are read together, in LOG's order. No actor is in two passes. */
export interface Pass {
  readonly filterSubjects: readonly string[]
}

const ONE_PASS_RECORDS_MAX = 200_000
/** Actors of a sample that are read together. */
const SUBJECTS_MAX = 100

export async function passesOf(jetstream: JetStreamContext, selection: Selection): Promise<Pass[]> {
  const { tenant = '*', kind = '*', sample, onePassRecordsMax = ONE_PASS_RECORDS_MAX } = selection
  const { state } = await jetstream.jsm.streams.info('LOG')
  const isSmall = state.messages <= onePassRecordsMax
  const partitions = isSmall ? ['*'] : Array.from({ length: await partitionsOf(jetstream) }, (_, partition) => String(partition))
  const filters = partitions.map((partition) => `log.${partition}.${tenant}.${kind}.*`)
  if (sample === undefined) return filters.map((filter) => ({ filterSubjects: [filter] }))
  const chosen = await sampleOf(jetstream, filters, sample)
  return Array.from({ length: Math.ceil(chosen.length / SUBJECTS_MAX) }, (_, index) =>
    ({ filterSubjects: chosen.slice(index * SUBJECTS_MAX, (index + 1) * SUBJECTS_MAX) }))
}

/** As INBOX was made with: settings may say something else. */
async function partitionsOf({ jsm }: JetStreamContext): Promise<number> {
  const { config } = await jsm.streams.info('INBOX')
  const partitions = Number(/partition\((\d+),/.exec(config.subject_transform?.dest ?? '')?.[1])
  if (partitions > 0) return partitions
  throw new ColloquyError('no_partitions', 'INBOX does not say how many partitions it has; was it made by Colloquy?')
}

async function sampleOf({ jsm }: JetStreamContext, filters: readonly string[], count: number): Promise<string[]> {
  let chosen: { subject: string; rank: string }[] = []
  for (const filter of filters) {
    const { state } = await jsm.streams.info('LOG', { subjects_filter: filter })
    const ranked = Object.keys(state.subjects ?? {}).map((subject) => ({ subject, rank: hash('sha1', subject) }))
    chosen = [...chosen, ...ranked].sort((one, other) => (one.rank < other.rank ? -1 : 1)).slice(0, count)
  }
  return chosen.map(({ subject }) => subject)
}

const FETCH_AHEAD_MAX = 2_000
/** Breaks in a row, with nothing read between, after which reading is given up. */
const BREAKS_MAX = 5

/** The messages of a pass up to a LOG sequence; a broken connection is gone on from where it broke. */
export async function* readPass(jetstream: JetStreamContext, { filterSubjects }: Pass, upToSeq: number): AsyncGenerator<JsMsg> {
  let [next, breaks] = [1, 0]
  while (next <= upToSeq) {
    const reader = await openReader(jetstream, { stream: 'LOG', filterSubjects, startSeq: next, messagesMax: FETCH_AHEAD_MAX })
    if (reader.pending === 0) return reader.stop()
    try {
      for await (const message of reader) {
        if (message.seq > upToSeq) return
        next = message.seq + 1
        breaks = 0
        yield message
        if (message.info.pending === 0) return
      }
      return
    } catch (error) {
      breaks++
      if (!hasCode(error, 'interrupted') || breaks > BREAKS_MAX) throw error
    }
  }
}
