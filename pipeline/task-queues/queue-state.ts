import type { JetStreamContext } from '../jetstream/connection.ts'

/** The queue of a task, as its consumer of TASKS says. */
export interface QueueState {
  /** Runs that were started, in all; a run that is started again counts again. */
  readonly started: number
  /** The TASKS sequence of the run that was started last. */
  readonly startedSeq: number
  readonly waiting: number
  /** Runs that were started and have not ended. */
  readonly running: number
  /** Runs at one time, at most. */
  readonly places: number
}

/** Reads the state of a queue. */
export type ReadQueueState = (queue: string) => Promise<QueueState>

/**
 * Creates a reader that asks the server once at a time for each queue: those that ask meanwhile share the next question, so that no answer
 * is older than its question.
 */
export function createQueueStateReader({ jsm }: Pick<JetStreamContext, 'jsm'>): ReadQueueState {
  const asking = new Map<string, { running: Promise<unknown>; next?: Promise<QueueState> | undefined }>()
  const ask = async (queue: string): Promise<QueueState> => {
    const { delivered, num_pending: waiting, num_ack_pending: running, config } = await jsm.consumers.info('TASKS', queue)
    const places = Math.max(1, config.max_ack_pending ?? 1)
    return { started: delivered.consumer_seq, startedSeq: delivered.stream_seq, waiting, running, places }
  }
  const begin = (queue: string): Promise<QueueState> => {
    const running = ask(queue)
    const entry = { running }
    asking.set(queue, entry)
    const ended = (): void => {
      const now = asking.get(queue)
      if (now === entry && now.next === undefined) asking.delete(queue)
    }
    running.then(ended, ended)
    return running
  }
  return (queue) => {
    const entry = asking.get(queue)
    if (entry === undefined) return begin(queue)
    entry.next ??= entry.running.then(
      () => begin(queue),
      () => begin(queue),
    )
    return entry.next
  }
}
