import { inspect } from 'node:util'
import { TimeoutError } from '@nats-io/transport-node'
import { codeOf, messageOf } from '../../schemas/errors.ts'

/** The client's own says no more than "timeout". */
const NATS_TIMEOUT =
  'NATS did not answer in time. It may be starting, overloaded, or without a leader; "npx colloquy status" says more. Try again.'

/** An error as people read it: what happened and what to do, with its code; the stack only for those who look for faults. */
export function failureText(error: unknown, verbose: boolean): string {
  const code = codeOf(error)
  return [
    `error: ${error instanceof TimeoutError ? NATS_TIMEOUT : messageOf(error)}`,
    ...(code === undefined ? [] : [`code: ${code}`]),
    ...(verbose ? [inspect(error)] : []),
  ].join('\n')
}
