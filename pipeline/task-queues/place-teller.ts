import type { Logger } from 'pino'
import type { QueuePlace } from '../../actors/definition/task-queue.ts'
import type { LiveMessage } from '../../schemas/live-messages.ts'
import { actorKey, type Address } from '../../schemas/subjects.ts'
import { periodicJob } from '../runtime/periodic-job.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { queueName, type ReadServiceTimes } from './measured-runs.ts'
import { placeIn, type QueuePlaces } from './queue-places.ts'
import type { QueueState } from './queue-state.ts'

/** Waiting runs of this process whose places are told, in all. The places of further ones are not; `GET /v1/actors/…` has them. */
const TOLD_RUNS_MAX = 10_000
/** Pause between two places of a run. */
const TELL_MS = 1_000

interface Waiting {
  readonly actor: Address
  readonly task: string
  readonly queue: string
  /** The number of starts in the queue with which it starts. */
  turn: number
  toldPlace: number
}

/** Tells the places of runs that wait, once a second where they have changed, until they start. */
export interface PlaceTeller {
  /** @param now the place that the actor's run has now, as `QueuePlaces.of` says */
  tell(actor: Address, task: string, now: QueuePlace): void
  stop(): Promise<void>
}

export interface PlaceTellerOptions {
  readonly places: QueuePlaces
  /** False: there is no room, and the place is told a second later. */
  readonly publish: (actor: Address, message: LiveMessage) => boolean
  readonly log: Logger
}

/** Counts the starts of a queue: one question to the server each second serves all that wait in it. */
export function createPlaceTeller({ places, publish, log }: PlaceTellerOptions): PlaceTeller {
  const waiting = new Map<string, Waiting>()
  /** Of a run that should have started the server is asked: a run that is started again after a lost runner counts as a start, too. */
  const placeOf = async (run: Waiting, state: QueueState, times: Awaited<ReturnType<ReadServiceTimes>>): Promise<QueuePlace> => {
    const place = run.turn - state.started
    if (place > 0 && state.waiting > 0) return placeIn(state, Math.min(place, state.waiting), times)
    const found = await places.of(run.actor, run.task)
    run.turn = found.startsBefore + found.place
    return found
  }
  const tellQueue = async (queue: string, runs: readonly Waiting[]): Promise<void> => {
    const [state, times] = await Promise.all([places.stateOf(queue), places.timesOf(queue)])
    for (const run of runs) {
      const { place, expectedMs } = await placeOf(run, state, times)
      const isTold = place === run.toldPlace || publish(run.actor, { event: 'place', task: run.task, queuePlace: place, expectedMs })
      if (!isTold) continue
      run.toldPlace = place
      const key = keyOf(run.actor, run.task)
      if (place === 0 && waiting.get(key) === run) waiting.delete(key)
    }
  }
  const tellAll = async (): Promise<number> => {
    for (const [queue, runs] of Map.groupBy(waiting.values(), (run) => run.queue)) {
      await tellQueue(queue, runs).catch((err: unknown) => rateLimitedWarn(log, { err, queue }, 'places in a queue could not be told'))
    }
    return TELL_MS
  }
  const job = periodicJob(TELL_MS, tellAll)
  return {
    tell(actor, task, { place, startsBefore }) {
      if (place === 0) return
      const key = keyOf(actor, task)
      if (waiting.size >= TOLD_RUNS_MAX && !waiting.has(key)) {
        rateLimitedWarn(log, { actor: actorKey(actor), task, waiting: waiting.size }, 'later places of a run are not told: too many wait')
        return
      }
      waiting.set(key, { actor, task, queue: queueName(task, actor.kind), turn: startsBefore + place, toldPlace: place })
    },
    stop: () => job.stop(),
  }
}

const keyOf = (actor: Address, task: string): string => `${actorKey(actor)}/${task}`
