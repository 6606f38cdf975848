import { hash } from 'node:crypto'
import type { JsMsg } from '@nats-io/jetstream'
import { ColloquyError, hasCode } from '../../schemas/errors.ts'
import { OWN_TENANT, parseLogSubject } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { openReader } from '../jetstream/ordered-reader.ts'

/** Which actors to check. */
export interface Selection {
  /** Default: all tenants but the cluster's own, whose canaries come while nobody does anything. */
  readonly tenant?: string | undefined
  /** Default: all kinds. */
  readonly kind?: string | undefined
  /** Number of actors, chosen by the hashes of their names, so that each run has the same ones. Default: all. */
  readonly sample?: number | undefined
  /** Max records of a LOG that is read in one pass; a larger one is read by partition. Default 200,000. */
  readonly onePassRecordsMax?: number
}

/** Subjects that are read together in LOG order. Each actor is in one pass only. */
export interface Pass {
  readonly filterSubjects: readonly string[]
}

const ONE_PASS_RECORDS_MAX = 200_000
/** Max actors of a sample in one pass. */
const SUBJECTS_MAX = 100

/** Divides the selected actors into passes. @throws ColloquyError `no_partitions` if INBOX was not created by Colloquy. */
export async function passesOf(jetstream: JetStreamContext, selection: Selection): Promise<Pass[]> {
  const { tenant = '*', kind = '*', sample, onePassRecordsMax = ONE_PASS_RECORDS_MAX } = selection
  const { state } = await jetstream.jsm.streams.info('LOG')
  const isSmall = state.messages <= onePassRecordsMax
  const partitions = isSmall ? ['*'] : Array.from({ length: await partitionsOf(jetstream) }, (_, partition) => String(partition))
  const filters = partitions.map((partition) => `log.${partition}.${tenant}.${kind}.*`)
  if (sample === undefined) return filters.map((filter) => ({ filterSubjects: [filter] }))
  const chosen = await sampleOf(jetstream, selection, filters, sample)
  return Array.from({ length: Math.ceil(chosen.length / SUBJECTS_MAX) }, (_, index) => ({
    filterSubjects: chosen.slice(index * SUBJECTS_MAX, (index + 1) * SUBJECTS_MAX),
  }))
}

/** The number of partitions in the configuration of INBOX, which the settings may not match. */
async function partitionsOf({ jsm }: JetStreamContext): Promise<number> {
  const { config } = await jsm.streams.info('INBOX')
  const partitions = Number(/partition\((\d+),/.exec(config.subject_transform?.dest ?? '')?.[1])
  if (partitions > 0) return partitions
  throw new ColloquyError('no_partitions', 'the configuration of INBOX has no number of partitions; check that Colloquy created it')
}

/** Whether actors of a tenant whose subjects are read are to be checked. */
export const isSelected = ({ tenant }: Selection, of: string): boolean => of !== OWN_TENANT || tenant === OWN_TENANT

async function sampleOf({ jsm }: JetStreamContext, selection: Selection, filters: readonly string[], count: number): Promise<string[]> {
  let chosen: { subject: string; rank: string }[] = []
  for (const filter of filters) {
    const { state } = await jsm.streams.info('LOG', { subjects_filter: filter })
    const subjects = Object.keys(state.subjects ?? {}).filter((subject) => isSelected(selection, parseLogSubject(subject).address.tenant))
    const ranked = subjects.map((subject) => ({ subject, rank: hash('sha1', subject) }))
    chosen = [...chosen, ...ranked].sort((one, other) => (one.rank < other.rank ? -1 : 1)).slice(0, count)
  }
  return chosen.map(({ subject }) => subject)
}

const FETCH_AHEAD_MAX = 2_000
/** Max interruptions in a row without a message between them. */
const INTERRUPTIONS_MAX = 5

/**
 * Yields the messages of a pass up to a LOG sequence, inclusive. After an interruption it continues with the next message.
 *
 * @throws ColloquyError `interrupted` after more than five interruptions in a row.
 */
export async function* readPass(jetstream: JetStreamContext, { filterSubjects }: Pass, upToSeq: number): AsyncGenerator<JsMsg> {
  let [next, interruptions] = [1, 0]
  while (next <= upToSeq) {
    const reader = await openReader(jetstream, { stream: 'LOG', filterSubjects, startSeq: next, to: upToSeq, messagesMax: FETCH_AHEAD_MAX })
    try {
      for await (const message of reader) {
        next = message.seq + 1
        interruptions = 0
        yield message
      }
      return
    } catch (error) {
      interruptions++
      if (!hasCode(error, 'interrupted') || interruptions > INTERRUPTIONS_MAX) throw error
    }
  }
}
