import { expect } from 'vitest'
import { codeOf, messageOf } from '../../schemas/errors.ts'

/** That something is refused with this code, and with a message that says so much. */
export async function expectRejection(promise: Promise<unknown>, code: string, message: RegExp | string = ''): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect({ code: codeOf(error), message: messageOf(error) }).toMatchObject({ code })
  expect(messageOf(error)).toMatch(message)
}
