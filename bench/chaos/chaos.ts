import { destination, pino } from 'pino'
import { failureText } from '../../infra/app/failure-text.ts'
import { createChaosProgram } from './chaos-program.ts'

// The run kills servers on purpose, so their warnings and errors are expected.
const log = pino({ level: 'fatal', base: undefined }, destination({ dest: 2, sync: true }))

// A signal ends the faults early; the run then checks what it has and stops its processes.
const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort())

try {
  await createChaosProgram({
    line: (text) => {
      process.stdout.write(`${text}\n`)
    },
    log,
    interrupted: interruption.signal,
  }).parseAsync()
} catch (error) {
  process.stderr.write(`${failureText(error, true)}\n`)
  process.exitCode = 1
}
