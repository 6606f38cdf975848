import type { ErrorCode } from '../../schemas/error-codes.ts'
import { TerminalError } from '../../schemas/errors.ts'
import type { TaskCall } from '../definition/task-definition.ts'

const noObjects = async (): Promise<never> => {
  throw new TerminalError('no_object' satisfies ErrorCode, 'this test has no objects: put "...objectsInMemory()" into the call of "run"')
}

/**
 * What `TaskCall` says of the first attempt of a run, for a test that calls the `run` of a task. What it tells is not kept, each
 * answer is made and none is shared, and there are no objects: `objectsInMemory` has them.
 */
export const firstAttempt: Pick<TaskCall<unknown>, 'key' | 'attempt' | 'progress' | 'lastProgress' | 'shareAnswer' | 'store' | 'object'> = {
  key: 'run-1',
  attempt: 1,
  progress: () => undefined,
  lastProgress: undefined,
  store: noObjects,
  object: noObjects,
  async shareAnswer(_, make) {
    await make()
    return undefined
  },
}
