import { destination, pino } from 'pino'
import { failureText } from '../infra/app/failure-text.ts'
import { createBenchProgram } from './bench-program.ts'

// The report goes to stdout; warnings and errors of the system go to stderr.
const log = pino({ level: process.env['COLLOQUY_LOG_LEVEL'] ?? 'warn', base: undefined }, destination({ dest: 2, sync: true }))
const program = createBenchProgram({
  environment: process.env,
  line: (text) => {
    process.stdout.write(`${text}\n`)
  },
  log,
  now: () => new Date(),
})

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`${failureText(error, false)}\n`)
  process.exitCode = 1
}
