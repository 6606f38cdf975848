import { inspect } from 'node:util'

const EXIT_CODE = 1

/** Ends the process as Node does for an error that nothing catches. */
export function endProcess(error: unknown): void {
  process.stderr.write(`${inspect(error)}\n`)
  process.exit(EXIT_CODE)
}
