import { type LoggerOptions, stdSerializers } from 'pino'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import { shownValue } from '../../schemas/shown-value.ts'

/** What all logs of this process have in common. */
export const LOG_OPTIONS = {
  base: undefined,
  serializers: { err: loggedError },
  // Pino would leave it out.
  formatters: { log: (line) => ('err' in line && line['err'] === undefined ? { ...line, err: 'undefined' } : line) },
} as const satisfies LoggerOptions

/** Anything can be thrown: what was thrown is logged always, and never throws while it is written. */
function loggedError(thrown: unknown): unknown {
  try {
    if (thrown instanceof Error) return plain(stdSerializers.err(thrown))
    // An error from another thread's log.
    if (isLogged(thrown)) return thrown
  } catch {
    // Frozen, or with a getter that throws.
    return { type: 'Error', message: messageOf(thrown), code: codeOf(thrown), stack: shownValue(thrown) }
  }
  return { type: 'thrown', message: shownValue(thrown) }
}

const isLogged = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'type' in value && 'message' in value && typeof value.message === 'string'

/** The writer of the log would call getters and `toJSON` again, where nothing catches what they throw. */
const plain = (error: object): unknown => JSON.parse(JSON.stringify(error))
