import type { QueuePlace } from '../../actors/definition/task-queue.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { type Address, taskSubject, taskSubjectsOf } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { NO_MESSAGE_STATUS } from '../jetstream/jetstream-codes.ts'
import { expectedMs, type ServiceTimes } from './expected-wait.ts'
import { queueName, type ReadServiceTimes } from './measured-runs.ts'
import { createQueueStateReader, type QueueState, type ReadQueueState } from './queue-state.ts'

/** Where runs are in the queues of their tasks. */
export interface QueuePlaces {
  /**
   * The place of the actor's last run of a task.
   *
   * @throws ColloquyError `no_reply` where a server does not answer, or is behind
   */
  of(actor: Address, task: string): Promise<QueuePlace>
  readonly stateOf: ReadQueueState
  readonly timesOf: ReadServiceTimes
}

const STARTED = 0

export function createQueuePlaces(jetstream: Pick<JetStreamContext, 'jsm' | 'mux'>, timesOf: ReadServiceTimes): QueuePlaces {
  const stateOf = createQueueStateReader(jetstream)
  return {
    stateOf,
    timesOf,
    async of(actor, task) {
      const queue = queueName(task, actor.kind)
      const own = await jetstream.jsm.streams.getMessage('TASKS', { last_by_subj: taskSubject(task, actor) })
      const [state, behind, times] = await Promise.all([
        stateOf(queue),
        own === null ? 0 : runsBehind(jetstream, own.seq, taskSubjectsOf(task, actor.kind)),
        timesOf(queue),
      ])
      const hasStarted = own === null || own.seq <= state.startedSeq
      // Runs that came since `behind` was read count as waiting: the place is then a little too high.
      return placeIn(state, hasStarted ? STARTED : Math.max(STARTED, Math.max(1, state.waiting - behind) - roomIn(state)), times)
    },
  }
}

/** Runs that start at once. */
const roomIn = ({ places, running }: QueueState): number => Math.max(0, places - running)

/** A place with its expected time. */
export const placeIn = (state: QueueState, place: number, times: ServiceTimes | 'unmeasured' | 'untold'): QueuePlace => ({
  place,
  expectedMs: typeof times === 'string' ? null : expectedMs(place, state.places, times),
  startsBefore: state.started + roomIn(state),
})

/** The messages of a subject after a sequence of TASKS; the server counts them, without giving them. */
async function runsBehind({ jsm, mux }: Pick<JetStreamContext, 'jsm' | 'mux'>, seq: number, subject: string): Promise<number> {
  const api = `${jsm.getOptions().apiPrefix ?? '$JS.API'}.DIRECT.GET.TASKS`
  const { headers } = await mux.request(api, JSON.stringify({ seq, next_by_subj: subject, batch: 1 }))
  const behind = Number(headers?.get('Nats-Num-Pending') || Number.NaN)
  if (headers?.code === NO_MESSAGE_STATUS || Number(headers?.get('Nats-Sequence')) > seq) return 0
  if (Number.isNaN(behind)) {
    throw new ColloquyError(
      'no_reply',
      `TASKS did not say how many messages follow ${seq}: ${headers?.description ?? 'no count'}; ask again`,
    )
  }
  return behind
}
