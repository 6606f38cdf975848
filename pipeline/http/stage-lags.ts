import type { Logger } from 'pino'
import { messageOf } from '../../schemas/errors.ts'
import type { StreamName } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { Stage } from '../runtime/stage.ts'

export interface StageLagDeps {
  readonly jetstream: JetStreamContext
  readonly stages: ReadonlyMap<string, Stage>
  readonly metrics: Metrics
  readonly now: () => number
  readonly log: Logger
}

/** The stream that a stage works off. */
const READS: Readonly<Record<string, StreamName>> = { host: 'INBOX', dispatch: 'LOG', project: 'LOG', embed: 'LOG', tasks: 'TASKS' }

interface Lag {
  readonly messages: number
  readonly seconds: number
}

const CAUGHT_UP: Lag = { messages: 0, seconds: 0 }

/**
 * Reads how far the stages are behind, for a scrape. It asks the streams and not the stages, because one that is stuck no longer
 * hears how much there is to do. While NATS is away the stages' own last word has to do.
 */
export function createStageLags({ jetstream, stages, metrics, now, log }: StageLagDeps): () => Promise<void> {
  const lagOf = async (name: string, stage: Stage): Promise<Lag> => {
    const stream = READS[name]
    if (stream === undefined) return { messages: stage.status().lag, seconds: 0 }
    const { state } = await jetstream.jsm.streams.info(stream)
    const ageOf = (time: number): number => Math.max(0, now() - time) / 1000
    if (stream === 'TASKS') {
      // Of a work queue nothing is left but what is still to be done.
      return state.messages === 0 ? CAUGHT_UP : { messages: state.messages, seconds: ageOf(Date.parse(state.first_ts)) }
    }
    const { position, partitions } = stage.status()
    if (partitions?.length === 0) return CAUGHT_UP
    if (position >= state.last_seq) return CAUGHT_UP
    const next = await jetstream.jsm.direct.getMessage(stream, { seq: position + 1, next_by_subj: '>' })
    return next === null ? CAUGHT_UP : { messages: state.last_seq - position, seconds: ageOf(next.time.getTime()) }
  }
  const refresh = async ([name, stage]: [string, Stage]): Promise<void> => {
    try {
      const { messages, seconds } = await lagOf(name, stage)
      metrics.stageLag.set({ stage: name }, messages)
      metrics.stageLagSeconds.set({ stage: name }, seconds)
    } catch (error) {
      metrics.stageLag.set({ stage: name }, stage.status().lag)
      log.debug({ stage: name, err: messageOf(error) }, 'the lag of a stage could not be read from its stream')
    }
  }
  return async () => {
    await Promise.all([...stages].map(refresh))
  }
}
