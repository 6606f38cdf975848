import { inspect } from 'node:util'
import { codeOf, messageOf } from '../../schemas/errors.ts'

/** An error as people read it: what happened and what to do, with its code; the stack only for those who look for faults. */
export function failureText(error: unknown, verbose: boolean): string {
  const code = codeOf(error)
  return [
    `error: ${messageOf(error)}`,
    ...(code === undefined ? [] : [`code: ${code}`]),
    ...(verbose ? [inspect(error)] : []),
  ].join('\n')
}
