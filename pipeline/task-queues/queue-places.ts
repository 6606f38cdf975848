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
      const [state, times] = await Promise.all([stateOf(queue), timesOf(queue)])
      if (own === null || own.seq <= state.startedSeq) return placeIn(state, STARTED, times)
      const subject = taskSubjectsOf(task, actor.kind)
      // Asked together, so that a run that comes meanwhile counts in both or in neither.
      const [waiting, behind] = await Promise.all([state.startedSeq, own.seq].map((seq) => runsAfter(jetstream, seq, subject)))
      return placeIn(state, Math.max(STARTED, Math.max(1, (waiting ?? 0) - (behind ?? 0)) - roomIn(state)), times)
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

/** Counts the messages of a subject after a sequence of TASKS. The server counts; it gives the first of them alone. */
async function runsAfter({ jsm, mux }: Pick<JetStreamContext, 'jsm' | 'mux'>, seq: number, subject: string): Promise<number> {
  const api = `${jsm.getOptions().apiPrefix ?? '$JS.API'}.DIRECT.GET.TASKS`
  const { headers } = await mux.request(api, JSON.stringify({ seq: seq + 1, next_by_subj: subject, batch: 1 }))
  if (headers?.code === NO_MESSAGE_STATUS) return 0
  const more = Number(headers?.get('Nats-Num-Pending') || Number.NaN)
  if (!Number.isNaN(more)) return more + 1
  throw new ColloquyError('no_reply', `TASKS did not say how many messages follow ${seq}: ${headers?.description ?? 'no count'}; ask again`)
}
