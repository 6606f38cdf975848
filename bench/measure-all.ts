import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import { MEASUREMENT_PLAN, type PlannedMeasurement } from './harness/measurement-plan.ts'
import { updateReadme } from './reports/summary.ts'

const MAIN = fileURLToPath(new URL('bench.ts', import.meta.url))

/** All that the README quotes, one run after the other, each in a process of its own; then the README. */
export const allCommand = ({ line }: { line: (text: string) => void }): Command =>
  new Command('all')
    .description(`makes bench/results/ and the README's summary anew: ${MEASUREMENT_PLAN.map(({ name }) => name).join(', ')}; minutes each, the last meets a million actors`)
    .option('--only <names>', 'only these of them, separated by commas', namesArgument)
    .option('--quick', 'a second each, on few rows and actors, and nothing is kept: whether all of it runs', false)
    .showHelpAfterError('(--help says more)')
    .action(async ({ only = MEASUREMENT_PLAN.map(({ name }) => name), quick }: { only?: readonly string[]; quick: boolean }) => {
      const failed: string[] = []
      for (const planned of MEASUREMENT_PLAN.filter(({ name }) => only.includes(name))) {
        const begunMs = performance.now()
        const code = await run(planned, quick)
        line(`\n${planned.name}: ${code === 0 ? 'done' : `ended with ${code}`} after ${Math.round((performance.now() - begunMs) / 1_000)} s\n`)
        if (code !== 0) failed.push(planned.name)
      }
      if (!quick) await updateReadme()
      if (failed.length === 0) return
      line(`Not measured: ${failed.join(', ')}. What was kept of them before stays as it is.`)
      process.exitCode = 1
    })

async function run({ name, args }: PlannedMeasurement, quick: boolean): Promise<number | null> {
  const small = ['--seconds', '1', '--actors', '500', '--rows', '20000', '--rate', '100']
  const child = spawn(process.execPath, [MAIN, ...args, ...(quick ? small : ['--save', name])], { stdio: 'inherit' })
  await once(child, 'exit')
  return child.exitCode
}

function namesArgument(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.filter((name) => !MEASUREMENT_PLAN.some((planned) => planned.name === name))
  if (unknown.length > 0) throw new InvalidArgumentError(`There is no ${unknown.join(', ')}; there are ${MEASUREMENT_PLAN.map(({ name }) => name).join(', ')}.`)
  return names
}
