import { parentPort, workerData } from 'node:worker_threads'
import { codeOf, messageOf } from '../../../schemas/errors.ts'
import { lowerThreadPriority } from '../../runtime/thread-priority.ts'
import { trainIntentsNow } from '../intents/train-intents.ts'
import type { TrainingJob, TrainingResult } from './train-in-thread.ts'

/** The thread of one training. */
function train({ examples, vectors }: TrainingJob): TrainingResult {
  try {
    return { bytes: trainIntentsNow(examples, { vectors }) }
  } catch (error) {
    return { error: { code: codeOf(error), message: messageOf(error) } }
  }
}

if (parentPort !== null) {
  lowerThreadPriority()
  parentPort.postMessage(train(workerData as TrainingJob))
}
