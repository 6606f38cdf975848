import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Addresses } from '../../infra/app/connect-to-running.ts'
import { settingsFor, type SystemOptions } from './test-system.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface CliRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** How to run the command line as a process of its own, on a test's data folder. */
export interface CliOptions {
  readonly dataDir: string
  readonly settings?: SystemOptions['settings']
  /** Added to the environment unchanged. */
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** The folder of the sources that run. Default: these. */
  readonly root?: string
}

function start(args: readonly string[], { dataDir, settings, env, root = ROOT }: CliOptions) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('COLLOQUY_'))
  const variables = new Map(inherited)
  for (const [name, value] of Object.entries(settingsFor(dataDir, settings))) variables.set(`COLLOQUY_${name}`, value)
  return spawn(process.execPath, [join(root, 'infra/cli/command-line.ts'), ...args], {
    env: { ...Object.fromEntries(variables), ...env },
    stdio: 'pipe',
  })
}

/** Runs a command to its end. */
export async function runCli(args: readonly string[], options: CliOptions): Promise<CliRun> {
  const child = start(args, options)
  child.stdin.end(options.stdin ?? '')
  const closed = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), closed])
  return { code: child.exitCode, stdout, stderr }
}

/** The JSON texts of a command that succeeds, one from each line. */
export async function cliJson<T>(args: readonly string[], options: CliOptions): Promise<T[]> {
  const { code, stdout, stderr } = await runCli([...args, '--json'], options)
  if (code !== 0) throw new Error(`colloquy ${args.join(' ')} ended with ${code}: ${stderr}`)
  return stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
}

/** A command that goes on until it is stopped. */
export interface CliProcess {
  readonly pid: number
  /** The lines that it has written to stdout so far. */
  readonly lines: readonly string[]
  /** Settles with the first line that passes; rejects if the process ends before. */
  line(passes: (line: string) => boolean): Promise<string>
  signal(name: NodeJS.Signals): void
  /** Stops reading, as `head` does. */
  closeStdout(): void
  /** Settles with the exit code when it has ended. */
  readonly ended: Promise<CliRun>
}

export function startCli(args: readonly string[], options: CliOptions): CliProcess {
  const child = start(args, options)
  const lines: string[] = []
  const stdout = createInterface({ input: child.stdout })
  stdout.on('line', (line) => lines.push(line))
  const stderr = text(child.stderr)
  const ended = once(child, 'close').then(async () => ({ code: child.exitCode, stdout: lines.join('\n'), stderr: await stderr }))
  return {
    pid: child.pid ?? 0,
    lines,
    ended,
    signal: (name) => {
      child.kill(name)
    },
    closeStdout: () => {
      child.stdout.destroy()
    },
    line: (passes) =>
      new Promise((resolve, reject) => {
        const found = lines.find(passes)
        if (found !== undefined) return resolve(found)
        stdout.on('line', (line) => {
          if (passes(line)) resolve(line)
        })
        void ended.then(({ code, stderr: errors }) => reject(new Error(`it ended with ${code} before: ${errors}`)))
      }),
  }
}

/** `up` as a process of its own, once it runs. */
export async function startUp(options: CliOptions, ...args: readonly string[]): Promise<CliProcess & { addresses: Addresses }> {
  const up = startCli(['up', '--json', ...args], options)
  const addresses = JSON.parse(await up.line((line) => line.includes('"started":true'))) as Addresses
  return { ...up, addresses }
}
