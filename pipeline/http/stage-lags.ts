import type { Logger } from 'pino'
import { messageOf } from '../../schemas/errors.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { Stage } from '../runtime/stage.ts'
import { lagInStream, streamOfStage, working } from '../runtime/stage-progress.ts'

export interface StageLagDeps {
  readonly jetstream: JetStreamContext
  readonly stages: ReadonlyMap<string, Stage>
  readonly metrics: Metrics
  /** The time, milliseconds. */
  readonly now: () => number
  readonly log: Logger
}

interface Lag {
  readonly messages: number
  /** Age of the oldest of these messages. */
  readonly seconds: number
}

const CAUGHT_UP: Lag = { messages: 0, seconds: 0 }

/**
 * Creates a function that updates the lag gauges of all stages, for a scrape. It measures the lag by the streams, because a stage that is
 * stuck does not learn of new messages. If NATS does not answer, it uses the last lag that the stage reported.
 */
export function createStageLags({ jetstream, stages, metrics, now, log }: StageLagDeps): () => Promise<void> {
  const lagOf = async (name: string, stage: Stage): Promise<Lag> => {
    const stream = streamOfStage(name)
    if (stream === undefined) return { messages: stage.status().lag, seconds: 0 }
    const { state } = await jetstream.jsm.streams.info(stream)
    const status = stage.status()
    const messages = working([status]).length === 0 ? 0 : lagInStream(stream, state, status.position)
    if (messages === 0) return CAUGHT_UP
    const oldest =
      stream === 'TASKS'
        ? Date.parse(state.first_ts)
        : (await jetstream.jsm.direct.getMessage(stream, { seq: status.position + 1, next_by_subj: '>' }))?.time.getTime()
    return oldest === undefined ? CAUGHT_UP : { messages, seconds: Math.max(0, now() - oldest) / 1000 }
  }
  const refresh = async ([name, stage]: [string, Stage]): Promise<void> => {
    try {
      const { messages, seconds } = await lagOf(name, stage)
      metrics.stageLag.set({ stage: name }, messages)
      metrics.stageLagSeconds.set({ stage: name }, seconds)
    } catch (error) {
      metrics.stageLag.set({ stage: name }, stage.status().lag)
      log.debug({ stage: name, err: messageOf(error) }, 'could not read the lag of a stage from its stream; using the lag that it reported')
    }
  }
  return async () => {
    await Promise.all([...stages].map(refresh))
  }
}
