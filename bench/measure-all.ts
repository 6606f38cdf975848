import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import { updateReadme } from './reports/summary.ts'

const MAIN = fileURLToPath(new URL('bench.ts', import.meta.url))

/** One run of `npm run bench -- all`: the name of its result, and its arguments. */
interface PublishedMeasurement {
  readonly name: string
  readonly args: readonly string[]
}

/** The measurements in the summary; the longest one comes last. */
const PUBLISHED_MEASUREMENTS: readonly PublishedMeasurement[] = [
  { name: 'turns', args: ['turns', '--vs', 'restate,bullmq'] },
  { name: 'turns-host', args: ['turns', '--roles', 'host'] },
  { name: 'latency', args: ['latency'] },
  { name: 'waiting', args: ['waiting'] },
  { name: 'tasks', args: ['tasks'] },
  { name: 'takeover', args: ['takeover'] },
  { name: 'replay', args: ['replay'] },
  { name: 'kinds', args: ['kinds'] },
  { name: 'embed', args: ['embed'] },
  { name: 'search', args: ['search', '--rows', '100000'] },
  { name: 'analysts', args: ['analysts', '--rows', '10000000', '--seconds', '60'] },
  { name: 'scale', args: ['scale', '--actors', '1000000'] },
]
const NAMES: readonly string[] = PUBLISHED_MEASUREMENTS.map(({ name }) => name)

/** Runs all published measurements one after the other, each in a process of its own, and then updates the summary. */
export const allCommand = ({ line }: { line: (text: string) => void }): Command =>
  new Command('all')
    .description(
      `Repeat all published measurements, save them in bench/results/ and update the summary: ${NAMES.join(', ')}. `
        + 'Each takes minutes; the last creates a million actors.',
    )
    .option('--only <names>', 'run only these measurements, separated by commas', namesArgument)
    .option('--quick', 'check that all of them run: one second each, few rows and actors, nothing saved', false)
    .showHelpAfterError('(run with --help for usage)')
    .action(async ({ only = NAMES, quick }: { only?: readonly string[]; quick: boolean }) => {
      const failed: string[] = []
      for (const measurement of PUBLISHED_MEASUREMENTS.filter(({ name }) => only.includes(name))) {
        const startedMs = performance.now()
        const code = await run(measurement, quick)
        const seconds = Math.round((performance.now() - startedMs) / 1_000)
        line(`\n${measurement.name}: ${code === 0 ? 'done' : `failed with exit code ${code}`} after ${seconds} s\n`)
        if (code !== 0) failed.push(measurement.name)
      }
      if (!quick) await updateReadme()
      if (failed.length === 0) return
      line(`Not measured: ${failed.join(', ')}. Their earlier results are unchanged.`)
      process.exitCode = 1
    })

async function run({ name, args }: PublishedMeasurement, quick: boolean): Promise<number | null> {
  const small = ['--seconds', '1', '--actors', '500', '--rows', '20000', '--rate', '100']
  const child = spawn(process.execPath, [MAIN, ...args, ...(quick ? small : ['--save', name])], { stdio: 'inherit' })
  await once(child, 'exit')
  return child.exitCode
}

function namesArgument(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.filter((name) => !NAMES.includes(name))
  if (unknown.length > 0) throw new InvalidArgumentError(`Unknown: ${unknown.join(', ')}. Known measurements: ${NAMES.join(', ')}.`)
  return names
}
