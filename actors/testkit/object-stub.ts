import { hash } from 'node:crypto'
import type { ErrorCode } from '../../schemas/error-codes.ts'
import { TerminalError } from '../../schemas/errors.ts'
import type { TaskObjects } from '../definition/task-objects.ts'

/** `store` and `object` for a test that calls the `run` of a task: what one run stores, another one of the same test opens. */
export function objectsInMemory(): TaskObjects {
  const stored = new Map<string, Buffer>()
  return {
    async store(content) {
      const bytes = Buffer.from(content)
      const sha256 = hash('sha256', bytes)
      const object = sha256.slice(0, 32)
      stored.set(object, bytes)
      return { object, sha256, bytes: bytes.length }
    },
    async object({ object }) {
      const bytes = stored.get(object)
      if (bytes === undefined)
        throw new TerminalError('no_object' satisfies ErrorCode, `nothing has stored the object ${object} in this test`)
      return bytes
    },
  }
}
