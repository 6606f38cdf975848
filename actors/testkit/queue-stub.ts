import type { QueuePlace, TaskQueue } from '../definition/task-queue.ts'

/**
 * `placeInQueue` and `tellPlaces` for a test that calls the `run` of a task itself.
 *
 * @param now the place of every run. Default: it has started
 */
export const placedAt = (now: Partial<QueuePlace> = {}): TaskQueue => ({
  placeInQueue: () => Promise.resolve({ place: 0, expectedMs: null, startsBefore: 0, ...now }),
  tellPlaces: () => undefined,
})
