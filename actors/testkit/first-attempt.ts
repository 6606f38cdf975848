import type { TaskCall } from '../definition/task-definition.ts'

/**
 * What `TaskCall` says of the first attempt of a run, for a test that calls the `run` of a task. What it tells is not kept, and each
 * answer is made: none is shared.
 */
export const firstAttempt: Pick<TaskCall<unknown>, 'key' | 'attempt' | 'progress' | 'lastProgress' | 'shareAnswer'> = {
  key: 'run-1',
  attempt: 1,
  progress: () => undefined,
  lastProgress: undefined,
  async shareAnswer(_, make) {
    await make()
    return undefined
  },
}
