/** The place of an actor's run in the queue of its task. */
export interface QueuePlace {
  /** How many runs start until this one does, itself included: 1 is the next one. 0: it has started. */
  readonly place: number
  /** Milliseconds until it is expected to end, by service times measured lately; `null` where none was measured. */
  readonly expectedMs: number | null
  /** Runs of the queue that had started when the place was found, with those for which there was room. */
  readonly startsBefore: number
}

/** The queues of the cluster as a task sees them. */
export interface TaskQueue {
  /**
   * The place of the actor's last run of another task of its kind, which needs `tellsPlaces`.
   *
   * @throws ColloquyError `no_reply` where a server does not answer, or is behind; retrying may help
   */
  placeInQueue(task: string): Promise<QueuePlace>
  /**
   * Tells those who follow the actor the later places of that run, at most once a second until it starts. Nothing is kept and nothing is
   * waited for: what is told can be lost.
   */
  tellPlaces(task: string, now: QueuePlace): void
}
