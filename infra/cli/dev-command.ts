import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { addressesOf } from '../app/connect-to-running.ts'
import { endAtOnce, endInTime } from '../app/forced-end.ts'
import { watchInterrupts } from '../app/interrupts.ts'
import { openLog } from '../app/open-log.ts'
import { createStopTracker } from '../app/stop-tracker.ts'
import type { Output } from '../app/terminal-output.ts'
import type { DevSystem } from '../dev/start-dev.ts'
import type { LoadedSettings, Settings } from '../settings.ts'

interface Options extends JsonOption {
  readonly demo?: true
}

const INTERRUPTED_TWICE = 130

export const devCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .option('--demo', 'play the bundled conversations of the tenant "demo" on the first start')
    .option(JSON_FLAG, 'print the log as JSON lines, and once kinds run a line with the addresses: {started: true, …}; or false first')
    .addHelpText(
      'after',
      `
Watches the module of --config and all modules that it imports. If a save is unusable, the log and the page show the reason, and the
earlier kinds keep running. Only this machine can open the page. Ctrl-C (or SIGTERM) stops in order; a second one stops at once.`,
    )
    .action((options: Options) => runDev(out, settings(), options))

/** Runs until it is interrupted. */
async function runDev(out: Output, loaded: LoadedSettings, options: Options): Promise<void> {
  const { settings } = loaded
  const [{ startDev }, { startDemo }] = await loadDev()
  await using started = new AsyncDisposableStack()
  const interrupts = watchInterrupts(() => endAtOnce(INTERRUPTED_TWICE))
  started.defer(interrupts.stop)
  const logStyle = out.isTerminal && options.json === undefined ? 'pretty' : 'json'
  const log = await openLog(settings, logStyle)
  const stops = createStopTracker()
  const stopInTime = (): void => endInTime(stops, (line) => log.fatal(line))
  void interrupts.first.then(stopInTime)
  const system = await startDev(loaded, logStyle, log, stops)
  started.defer(async () => {
    log.info('stopping')
    await system.stop()
    log.info('stopped')
  })
  if (options.json === true) await printStart(out, system, interrupts.first)
  else printAddresses(out, settings, system)
  const demo = options.demo ? startDemo(system.running, log) : undefined
  started.defer(async () => demo?.stop())
  await Promise.race([interrupts.first, system.running.failed.finally(stopInTime)])
}

/**
 * Imported here and not above: these modules load all of Colloquy, which would delay every other command by a second. In a function of
 * its own, because TypeScript leaves `.ts` in an import that stands beside an `await using`.
 */
const loadDev = () => Promise.all([import('../dev/start-dev.ts'), import('../demo/demo.ts')])

/** Waits until the kinds decide inputs, or cannot: then a second line follows once they do. */
async function printStart(out: Output, system: DevSystem, interrupted: Promise<unknown>): Promise<void> {
  const { reloader } = system
  await Promise.race([reloader.settled, interrupted])
  if (reloader.status().phase === 'starting') return
  const print = (): void => out.json(startOf(system))
  print()
  if (reloader.status().phase !== 'running') void reloader.ran.then(print)
}

function startOf({ running, reloader, url }: DevSystem) {
  const { phase, kinds, problem } = reloader.status()
  const what = phase === 'running' ? { kinds: kinds.map(({ name }) => name) } : { problem: problem?.message ?? phase }
  return { started: phase === 'running', ...addressesOf(running), pageUrl: url, ...what }
}

function printAddresses(out: Output, { CONFIG }: Settings, { running, url }: DevSystem): void {
  const missing = existsSync(CONFIG) ? '' : ', which does not exist yet: the built-in kinds run'
  out.line()
  out.line(`  ${out.paint(['bold', 'cyan'], 'Colloquy dev')}  ${out.paint('underline', url)}`)
  out.line(`  watching      ${CONFIG} and what it imports${missing}`)
  out.line(`  NATS          ${running.nats.url}`)
  out.line(`  ClickHouse    ${running.clickhouse?.url ?? ''}  (user analyst, no password)`)
  out.line()
}
