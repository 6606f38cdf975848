import { inspect } from 'node:util'
import { TimeoutError } from '@nats-io/transport-node'
import { awayCodeOf } from '../../pipeline/runtime/server-away.ts'
import { codeOf, ColloquyError, messageOf } from '../../schemas/errors.ts'

/** Replaces the NATS client's own message, which is only "timeout". */
const NATS_TIMEOUT =
  'NATS did not answer in time. It may be starting, overloaded, or without a leader; "npx colloquy status" says more. Try again.'

/** Formats an error for the terminal: its message, which also says what to do, and its code. `verbose` adds the stack. */
export function failureText(error: unknown, verbose: boolean): string {
  const code = codeOf(error)
  return [
    `error: ${error instanceof TimeoutError ? NATS_TIMEOUT : textOf(error)}`,
    ...(code === undefined ? [] : [`code: ${code}`]),
    ...(verbose ? [inspect(error)] : []),
  ].join('\n')
}

/** A message of Colloquy says what to do. That of a broken connection does not, and may even be empty. */
function textOf(error: unknown): string {
  const away = error instanceof ColloquyError ? undefined : awayCodeOf(error)
  if (away === undefined) return messageOf(error)
  return (
    `a server of Colloquy does not answer (${messageOf(error) || away}). If it is ClickHouse or Qdrant, Colloquy waits for it and `
    + 'continues by itself: start it, or check its URL in the settings; "npx colloquy status" says what is waited for.'
  )
}
