import { inspect } from 'node:util'
import { TimeoutError } from '@nats-io/transport-node'
import { codeOf, messageOf } from '../../schemas/errors.ts'

/** Replaces the NATS client's own message, which is only "timeout". */
const NATS_TIMEOUT =
  'NATS did not answer in time. It may be starting, overloaded, or without a leader; "npx colloquy status" says more. Try again.'

/** Formats an error for the terminal: its message, which also says what to do, and its code. `verbose` adds the stack. */
export function failureText(error: unknown, verbose: boolean): string {
  const code = codeOf(error)
  return [
    `error: ${error instanceof TimeoutError ? NATS_TIMEOUT : messageOf(error)}`,
    ...(code === undefined ? [] : [`code: ${code}`]),
    ...(verbose ? [inspect(error)] : []),
  ].join('\n')
}
