import { Script } from 'node:vm'
import { codeOf } from '../../schemas/errors.ts'

const CALL = Symbol.for('colloquy.call-within')
const script = new Script(`globalThis[Symbol.for('${CALL.description}')]()`)

/**
 * Calls the code of a kind in a thread that must not wait for it, and ends it after a time: also a loop or a regular expression without an
 * end. Costs the start of a small thread, about 0.1 ms.
 *
 * @returns whether the call ended in time
 * @throws what `work` throws
 */
export function callWithin(ms: number, work: () => void): boolean {
  Reflect.set(globalThis, CALL, work)
  try {
    script.runInThisContext({ timeout: ms })
    return true
  } catch (error) {
    if (codeOf(error) !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
    return false
  } finally {
    Reflect.deleteProperty(globalThis, CALL)
  }
}
