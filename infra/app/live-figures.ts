import type { NatsConnection } from '@nats-io/transport-node'
import type { Registry } from 'prom-client'
import type { StageStatus } from '../../pipeline/runtime/stage.ts'
import type { Role } from '../settings.ts'
import type { Running } from './launch.ts'

/** A count since the start, and its increase per second. */
export interface Figure {
  readonly total: number
  readonly perSecond: number
}

/** The figures that the live view shows, at one moment. */
export interface Figures {
  readonly messagesIn: Figure
  readonly records: Figure
  readonly replies: Figure
  readonly deadLetters: Figure
  readonly liveActors: number
  readonly stages: ReadonlyMap<Role, StageStatus>
  /** The counts of each kind that this process has, by the kind's name. */
  readonly kinds: ReadonlyMap<string, KindFigures>
}

/** Counts since the start. */
export interface KindFigures {
  /** Inputs that producers sent to actors of the kind. */
  readonly in: number
  /** Events that these actors emitted. */
  readonly out: number
}

/** Keeps the figures of a running system. */
export interface FigureSource {
  read(): Promise<Figures>
  stop(): void
}

/** Period over which a rate is measured. */
const RATE_MS = 5_000
/** Index of the kind in the tokens of `in.<tenant>.<kind>.<id>` and `out.<tenant>.<kind>.…`. */
const KIND_TOKEN = 2

/**
 * Counts inputs and replies with core NATS subscriptions. Reads the other figures from the streams, the stages and the metrics.
 *
 * @param nc a connection that nothing else uses, so that a burst that overruns these subscriptions delays no other work.
 */
export function createFigures({ jetstream, allMetrics, stages, kinds }: Running, nc: NatsConnection): FigureSource {
  let messagesIn = 0
  let replies = 0
  const counts = new Map([...kinds.keys()].map((kind) => [kind, { in: 0, out: 0 }]))
  const countsOf = (subject: string) => counts.get(subject.split('.', KIND_TOKEN + 1)[KIND_TOKEN] ?? '')
  const subscriptions = [
    nc.subscribe('in.>', {
      callback: (_, { subject }) => {
        messagesIn += 1
        const count = countsOf(subject)
        if (count !== undefined) count.in += 1
      },
    }),
    nc.subscribe('out.>', {
      callback: (_, { subject }) => {
        if (subject.endsWith('.message.sent')) replies += 1
        const count = countsOf(subject)
        if (count !== undefined) count.out += 1
      },
    }),
  ]
  const rates = { messagesIn: createRate(), records: createRate(), replies: createRate(), deadLetters: createRate() }
  return {
    async read() {
      const [log, dead, actors] = await Promise.all([
        jetstream.jsm.streams.info('LOG'),
        jetstream.jsm.streams.info('DEAD'),
        liveActors(await allMetrics()),
      ])
      return {
        messagesIn: rates.messagesIn(messagesIn),
        records: rates.records(log.state.last_seq),
        replies: rates.replies(replies),
        deadLetters: rates.deadLetters(dead.state.messages),
        liveActors: actors,
        stages: new Map([...stages].map(([role, stage]) => [role, stage.status()])),
        kinds: new Map([...counts].map(([kind, count]) => [kind, { ...count }])),
      }
    },
    stop() {
      for (const subscription of subscriptions) subscription.unsubscribe()
    },
  }
}

async function liveActors(metrics: Registry): Promise<number> {
  const gauge = await metrics.getSingleMetric('colloquy_live_actors')?.get()
  return gauge?.values.reduce((sum, { value }) => sum + value, 0) ?? 0
}

/** Returns a function that turns the current count into a figure, from the counts of its earlier calls. */
function createRate(): (total: number) => Figure {
  let samples: { at: number; total: number }[] = []
  return (total) => {
    const at = performance.now()
    samples = [...samples.filter((sample) => at - sample.at <= RATE_MS), { at, total }]
    const [oldest] = samples
    const elapsedMs = oldest === undefined ? 0 : at - oldest.at
    return { total, perSecond: oldest === undefined || elapsedMs === 0 ? 0 : ((total - oldest.total) / elapsedMs) * 1_000 }
  }
}
