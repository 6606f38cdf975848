import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { connect } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { Durability } from '../../../pipeline/producer/receipt.ts'
import { handleStrayErrors } from '../../../pipeline/watchdog/stray-errors.ts'
import type { JsonOption } from '../../app/command-context.ts'
import { type Addresses, addressesOf, announce } from '../../app/connect-to-running.ts'
import { downloadModel } from '../../app/download-model.ts'
import { durabilityText } from '../../app/durability.ts'
import { endAtOnce, endInTime } from '../../app/forced-end.ts'
import { type Interrupts, watchInterrupts } from '../../app/interrupts.ts'
import { launch, type Running } from '../../app/launch.ts'
import { createFigures } from '../../app/live-figures.ts'
import { IMPORT_MS_MAX, loadKinds } from '../../app/load-kinds.ts'
import { logFileOf, openLog } from '../../app/open-log.ts'
import { startPendingRebuild } from '../../app/rebuild/pending-rebuild.ts'
import { createStopTracker } from '../../app/stop-tracker.ts'
import { usesDataFolder } from '../../app/system-parts.ts'
import type { Output } from '../../app/terminal-output.ts'
import { endProcess } from '../../app/watchdog/end-process.ts'
import { watchedImport } from '../../app/watchdog/process-watchdog.ts'
import { consoleRoutes } from '../../console/console-routes.ts'
import { type Demo, startDemo } from '../../demo/demo.ts'
import { lockDataFolder } from '../../servers/data-folder.ts'
import type { LoadedSettings } from '../../settings.ts'
import { type KindView, viewOf } from '../../web/kind-view.ts'
import { startLiveView } from './live-view.ts'
import type { ViewModel } from './render-view.ts'

export interface UpOptions extends JsonOption {
  readonly demo?: boolean
  readonly view: boolean
}

const AUTO_HINT =
  'Search matches words. COLLOQUY_EMBED_MODEL=auto would also find by meaning, in Chinese, English and a hundred other languages, '
  + 'after a download of 118 MB in the background.'
const INTERRUPTED_TWICE = 130

/** Only a demo has one. Not in `up` itself: the compiler does not rewrite an import in a function with `await using`. */
const loadPast = () => import('../../demo/past/lay-past.ts')

/** Runs Colloquy until it is interrupted. @throws ColloquyError if a part cannot start; the others are stopped first */
export async function up(out: Output, { settings, effective }: LoadedSettings, options: UpOptions): Promise<void> {
  await using started = new AsyncDisposableStack()
  const interrupts = watchInterrupts(() => endAtOnce(INTERRUPTED_TWICE))
  started.defer(interrupts.stop)
  const isForPeople = out.isTerminal && options.json === undefined
  const hasView = isForPeople && options.view
  // Before anything is written into the folder, even a log file.
  const dataLock = usesDataFolder(settings) ? await lockDataFolder(settings.DATA_DIR) : undefined
  started.defer(() => dataLock?.release())
  const log = await openLog(settings, hasView ? 'file' : isForPeople ? 'pretty' : 'json')
  const stops = createStopTracker()
  const stopInTime = (): void =>
    endInTime(stops, (line) => {
      log.fatal(line)
      if (hasView) out.note(line)
    })
  void interrupts.first.then(stopInTime)
  if (hasView) out.line(`Starting Colloquy; log file: ${logFileOf(settings)}`)

  const system = await startUnless(interrupts, log, async (signal) => {
    await downloadModel(out, settings, log)
    signal.throwIfAborted()
    if (settings.DESK_TEAM !== undefined && existsSync(resolve(settings.CONFIG))) {
      const ignored =
        `COLLOQUY_DESK_TEAM has no effect on the kinds of ${settings.CONFIG}; `
        + `write createSupport({ …, desk: { team: '${settings.DESK_TEAM}' } }) there`
      log.warn(ignored)
      if (hasView) out.note(ignored)
    }
    const onBegin = (what: string): void => (hasView ? out.line(what) : log.info(what))
    // Before the kinds are loaded: it decides that `support` has a desk.
    if (options.demo) await (await loadPast()).layPast(settings, { log, lock: dataLock, signal, onBegin })
    signal.throwIfAborted()
    const kinds = await watchedImport(settings, IMPORT_MS_MAX, () => loadKinds(settings))
    signal.throwIfAborted()
    const kindView = (name: string): KindView | undefined => {
      const kind = kinds.get(name)
      return kind && viewOf(kind)
    }
    const moreRoutes = consoleRoutes({ settings, effective, kindView, log })
    return launch(settings, kinds, log, { threads: true, dataLock, stops, signal, moreRoutes })
  })
  if (system === undefined) return
  started.defer(async () => {
    if (!interrupts.received) log.info('stopping')
    await system.stop()
    log.info('stopped')
  })
  if (settings.THREADS === 'off') {
    const strayErrors = handleStrayErrors({ log, metrics: system.metrics, onUnknown: endProcess })
    started.defer(strayErrors.stop)
  }
  const addresses = addressesOf(system)
  const { withdraw } = await announce(settings.DATA_DIR, addresses)
  started.defer(withdraw)
  if (options.json) out.json({ started: true, ...addresses })
  else {
    printAddresses(out, system.durability, addresses)
    if (settings.EMBED_MODEL === undefined && system.searchIndex?.current().embedder.kind === 'lexical') out.line(AUTO_HINT)
  }

  if (settings.ROLES.includes('project')) {
    const pending = startPendingRebuild(settings, () => system.client, log)
    started.defer(stops.named('the rebuild of tables', () => pending.stop()))
  }
  const demo = options.demo ? startDemo(system, log) : undefined
  started.defer(stops.named('the demo', async () => demo?.stop()))
  if (hasView) started.defer(await showView(out, system, demo, log))
  await Promise.race([interrupts.first, system.failed.finally(stopInTime)])
}

/** Starts the system. @returns undefined if it is interrupted before: then what had started has stopped */
async function startUnless(
  interrupts: Interrupts,
  log: Logger,
  start: (signal: AbortSignal) => Promise<Running>,
): Promise<Running | undefined> {
  const interrupted = new AbortController()
  void interrupts.first.then((signal) => {
    log.info({ signal }, 'stopping')
    interrupted.abort(new Error(`the start was interrupted by ${signal}`))
  })
  try {
    return await start(interrupted.signal)
  } catch (error) {
    if (error !== interrupted.signal.reason) throw error
    log.info('stopped')
    return undefined
  }
}

function facts({ natsUrl, clickhouseUrl, httpUrl }: Addresses): (readonly [string, string])[] {
  return [
    ['NATS', natsUrl],
    ...(clickhouseUrl === null ? [] : [['ClickHouse', `${clickhouseUrl}  (user analyst, no password)`] as const]),
    ...(httpUrl === null ? [] : [['HTTP', `${httpUrl}  (open it in a browser for the console)`] as const]),
  ]
}

function printAddresses(out: Output, durability: Durability, addresses: Addresses): void {
  for (const [name, text] of facts(addresses)) out.line(`${name.padEnd(12)}${text}`)
  out.line(durabilityText(durability))
}

/** Shows the live view until the returned function is called. */
async function showView(out: Output, running: Running, demo: Demo | undefined, log: Logger): Promise<() => Promise<void>> {
  const { settings, nats, clickhouse } = running
  const nc = await connect({ ...nats.connection, name: 'colloquy view', maxReconnectAttempts: -1 })
  const startedMs = performance.now()
  const at = settings.DATA_DIR === '.colloquy' ? '' : ` --data-dir ${settings.DATA_DIR}`
  const commands = [
    `npx colloquy publish demo/support/me message.received '{"role":"user","text":"你好"}'${at}`,
    `npx colloquy ${clickhouse === undefined ? 'tail' : 'sql "SELECT role, count() FROM messages GROUP BY role"'}${at}`,
  ]
  const viewFacts = (): ViewModel['facts'] => {
    const model = running.searchIndex?.nextModel.detail()
    return [
      ...facts(addressesOf(running)),
      ['log', logFileOf(settings)] as const,
      ...(model === undefined ? [] : [['embed model', model] as const]),
    ]
  }
  const view = startLiveView(
    out,
    createFigures(running, nc),
    () => ({ upMs: performance.now() - startedMs, facts: viewFacts(), commands, demo: demo?.progress() }),
    log,
  )
  return async () => {
    view.stop()
    out.line('Stopping; press Ctrl-C again to stop at once')
    await nc.close()
  }
}
