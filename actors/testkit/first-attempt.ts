import type { ErrorCode } from '../../schemas/error-codes.ts'
import { TerminalError } from '../../schemas/errors.ts'
import type { TaskCall } from '../definition/task-definition.ts'

const noObjects = async (): Promise<never> => {
  throw new TerminalError('no_object' satisfies ErrorCode, 'this test has no objects: put "...objectsInMemory()" into the call of "run"')
}

const noRecipients = async (): Promise<never> => {
  throw new TerminalError(
    'no_such_recipients' satisfies ErrorCode,
    'this test has no recipients: put "...fansOutTo([{ id }])" into the call of "run"',
  )
}

/**
 * What `TaskCall` says of the first attempt of a run, for a test that calls the `run` of a task. What it tells is not kept, each
 * answer is made and none is shared, nothing is known of any customer, and there is no glossary and no waiting case. There are no
 * objects, which `objectsInMemory` has, and no recipients, which `fansOutTo` has.
 */
export const firstAttempt: Pick<
  TaskCall<unknown>,
  | 'key'
  | 'attempt'
  | 'progress'
  | 'lastProgress'
  | 'shareAnswer'
  | 'store'
  | 'object'
  | 'fanOut'
  | 'signingKey'
  | 'customer'
  | 'glossary'
  | 'waitingCases'
> = {
  key: 'run-1',
  attempt: 1,
  progress: () => undefined,
  lastProgress: undefined,
  store: noObjects,
  object: noObjects,
  fanOut: noRecipients,
  signingKey: async () => Buffer.from('the key of a test'),
  glossary: async () => [],
  waitingCases: async () => [],
  customer: async () => ({ profile: null, facts: [] }),
  async shareAnswer(_, make) {
    await make()
    return undefined
  },
}
