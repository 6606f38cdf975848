import { destination, pino } from 'pino'
import { failureText } from '../../infra/app/failure-text.ts'
import { createChaosProgram } from './chaos-program.ts'

// Servers are killed on purpose here: what they say about it is no news.
const log = pino({ level: 'fatal', base: undefined }, destination({ dest: 2, sync: true }))

// Nothing may be left running: one signal ends the faults, and what there is by then is checked.
const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort())

try {
  await createChaosProgram({ line: (text) => { process.stdout.write(`${text}\n`) }, log, interrupted: interruption.signal }).parseAsync()
} catch (error) {
  process.stderr.write(`${failureText(error, true)}\n`)
  process.exitCode = 1
}
