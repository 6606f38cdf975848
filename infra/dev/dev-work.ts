import { Worker } from 'node:worker_threads'
import type { KV } from '@nats-io/kv'
import type { Logger } from 'pino'
import type { Kinds } from '../../actors/definition/define-kind.ts'
import { dataProblems } from '../../actors/definition/input-advice.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { lastRecord, recordsOfKind } from '../../pipeline/jetstream/last-record.ts'
import type { Durability } from '../../pipeline/producer/receipt.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import { handleStrayErrors } from '../../pipeline/watchdog/stray-errors.ts'
import { codeOf, messageOf } from '../../schemas/errors.ts'
import { registeredKinds, registerKinds, retireKind } from '../app/kind-registry.ts'
import { loadKinds } from '../app/load-kinds.ts'
import { connectNats, openJetStream, remoteConnection } from '../app/nats-access.ts'
import { openLog } from '../app/open-log.ts'
import { openProcessCaches } from '../app/open-process-caches.ts'
import { openBucket } from '../app/prepare-streams.ts'
import { startStages } from '../app/start-stages.ts'
import { startStatusService } from '../app/status-service.ts'
import { countEndedProcesses, openDecisionSlot } from '../app/watchdog/decision-slots.ts'
import { endProcess } from '../app/watchdog/end-process.ts'
import { watchedSlot } from '../app/watchdog/process-watchdog.ts'
import type { Settings } from '../settings.ts'
import { viewOf } from '../web/kind-view.ts'
import type { FromWorker, Problem, ToWorker } from './dev-messages.ts'
import type { LoadedFiles } from './loaded-files.ts'

const STACK_CHARS_MAX = 4_000

/**
 * Runs a worker of `colloquy dev`. It imports all of Colloquy and waits; on `load` it imports and registers the kinds; on `run`,
 * once the earlier worker has stopped, it starts the stages that run kinds.
 */
export function startWorker(files: LoadedFiles): void {
  const started = new AsyncDisposableStack()
  let run: (() => Promise<void>) | undefined
  let running: Kinds = new Map()
  const send = (message: FromWorker): void => {
    process.send?.(message)
  }

  const load = async ({ settings, durability, logStyle }: Extract<ToWorker, { type: 'load' }>): Promise<void> => {
    try {
      const log = await openLog(settings, logStyle)
      const kinds = await loadKinds(settings)
      run = await prepare({ settings, durability, kinds, log }, started)
      running = kinds
      send({ type: 'loaded', files: files.list(), kinds: [...kinds.values()].map(viewOf) })
    } catch (error) {
      send({ type: 'refused', files: files.list(), problem: problemOf(error) })
    }
  }
  const start = async (): Promise<void> => {
    try {
      await run?.()
      send({ type: 'running' })
    } catch (error) {
      send({ type: 'failed', problem: problemOf(error) })
    }
  }
  const handle = async (message: ToWorker): Promise<void> => {
    if (message.type === 'load') return load(message)
    if (message.type === 'run') return start()
    if (message.type === 'check') {
      const kind = running.get(message.kind)
      return send({ type: 'checked', question: message.question, problems: kind === undefined ? [] : dataProblems(kind, message.input) })
    }
    await started.disposeAsync()
    process.exit(0)
  }

  process.on('message', (message: ToWorker) => void handle(message))
  // Ctrl-C reaches the whole process group; the parent stops this worker in order.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  process.on('disconnect', () => process.exit(1))
  endWithParent()
  send({ type: 'standby', files: files.list() })
}

interface Work {
  readonly settings: Settings
  readonly durability: Durability
  readonly kinds: Kinds
  readonly log: Logger
}

/** Does every step that can fail, so that the earlier worker stops only when this one can replace it. */
async function prepare({ settings, durability, kinds, log }: Work, started: AsyncDisposableStack): Promise<() => Promise<void>> {
  const nc = await connectNats(await remoteConnection(settings, settings.NATS_URL ?? ''), 'colloquy dev worker')
  const jetstream = await openJetStream(nc)
  started.defer(() => jetstream.close())
  const kv = await openBucket(nc)
  await retireUnused(jetstream, kv, kinds, log)
  const watch = (until: AsyncDisposableStack) => watchedSlot(settings, { noun: 'migration' }, until)
  await registerKinds({ kv, jetstream, log, now: () => new Date().toISOString(), acceptChanges: true, watch }, kinds)
  return async () => {
    const decisions = await openDecisionSlot(settings.DATA_DIR)
    started.defer(() => decisions.remove())
    await countEndedProcesses({ dataDir: settings.DATA_DIR, kv, jetstream, log })
    const calls = watchedSlot(settings, { path: decisions.path }, started)
    const metrics = createMetrics()
    handleStrayErrors({ log, metrics, onUnknown: endProcess })
    const caches = openProcessCaches({ settings, jetstream, metrics, log }, started)
    const stores = { client: undefined, searchIndex: undefined, caches }
    const { stages } = await startStages(
      { settings, kinds, log, jetstream, kv, ...stores, metrics, calls, replicas: durability.replicas },
      started,
    )
    const statusService = startStatusService(nc, stages, durability)
    started.defer(() => statusService.stop())
  }
}

/** Retires kinds that the author removed and that never had an actor: this loses no data. */
async function retireUnused({ jsm }: JetStreamContext, kv: KV, kinds: Kinds, log: Logger): Promise<void> {
  for (const name of (await registeredKinds(kv)).keys()) {
    if (kinds.has(name) || (await lastRecord({ jsm }, recordsOfKind(name))) !== undefined) continue
    await retireKind(kv, name)
    log.info({ kind: name }, 'retired a kind that was removed and never had an actor')
  }
}

function problemOf(error: unknown): Problem {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const stack = cause instanceof Error ? frames(cause) : ''
  return { code: codeOf(error) ?? 'error', message: messageOf(error), ...(stack === '' ? {} : { stack }) }
}

/** The stack frames in the author's files. For a syntax error: the first lines of the stack, which show its place. */
const frames = ({ stack = '' }: Error): string =>
  stack
    .split('\n')
    .filter((line) => !/\(?node:|[\\/]node_modules[\\/]/.test(line))
    .join('\n')
    .slice(0, STACK_CHARS_MAX)

/** Kills this process when its parent is gone. A thread watches the parent, because a kind may block the main thread for ever. */
function endWithParent(): void {
  const watch = `setInterval(() => { if (process.ppid !== ${process.ppid}) process.kill(process.pid, 'SIGKILL') }, 1000)`
  new Worker(watch, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 8 } }).unref()
}
