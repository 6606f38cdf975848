#!/usr/bin/env node
import { codeOf } from '../../schemas/errors.ts'
import { failureText } from '../app/failure-text.ts'
import { createOutput } from '../app/terminal-output.ts'
import { createProgram } from './program.ts'

/** Time that a command which has failed may take to end by itself. */
const LINGER_MS = 1_000

const out = createOutput(process.stdout, process.stderr)
const program = await createProgram(process.env, out, process.argv.slice(2))

// A reader such as `| head` closes the pipe when it has enough lines; that is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (codeOf(error) === 'EPIPE') process.exit(0)
    throw error
  })
}

try {
  await program.parseAsync()
} catch (error) {
  const level: unknown = program.getOptionValue('logLevel') ?? process.env['COLLOQUY_LOG_LEVEL']
  out.note(failureText(error, level === 'debug' || level === 'trace'))
  process.exitCode = 1
  // A connection on which a server does not answer would keep the process.
  setTimeout(() => process.stdout.write('', () => process.exit()), LINGER_MS).unref()
}
