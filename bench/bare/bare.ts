import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { DiscardPolicy, StorageType, StoreCompression } from '@nats-io/jetstream'
import { announced } from '../../infra/launch/attach.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { politeInput } from '../inputs.ts'
import { LEVEL_MS_MAX, watchStream } from '../levels.ts'
import { pour } from '../pour.ts'
import { createBenchPublisher } from '../publisher.ts'
import { createRandom, pick } from '../random.ts'
import type { BenchOptions } from '../scenario.ts'
import type { BenchSystem } from '../system.ts'

const LOOP = fileURLToPath(new URL('loop.ts', import.meta.url))

/**
 * Runs the bare loop on the system's nats-server, over streams of its own that are gone afterwards, with the same inputs from the
 * same publisher.
 *
 * @returns turns per second from the first input to the last record. @throws ColloquyError `not_level` where records are missing,
 * `bare_doubled` where there are too many
 */
export async function measureBareLoop(
  system: BenchSystem, options: BenchOptions, run: { readonly name: string; readonly warmUpMs: number },
): Promise<number> {
  await using started = new AsyncDisposableStack()
  const { jsm, nc } = system
  const [inbox, log] = [`BARE_INBOX_${run.name}`, `BARE_LOG_${run.name}`]
  const [inputs, records] = [`bare.in.${run.name}`, `bare.log.${run.name}`]
  const config = { storage: StorageType.File, allow_direct: true, discard: DiscardPolicy.New }
  await jsm.streams.add({ ...config, name: inbox, subjects: [`${inputs}.*`] })
  started.defer(async () => { await jsm.streams.delete(inbox) })
  await jsm.streams.add({ ...config, name: log, subjects: [`${records}.*`], compression: StoreCompression.S2 })
  started.defer(async () => { await jsm.streams.delete(log) })
  started.defer(await startLoop([await natsUrlOf(system), inbox, records]))

  const watch = await watchStream(system, log)
  started.defer(() => watch.stop())
  const publisher = createBenchPublisher(nc)
  started.defer(() => publisher.close())
  const random = createRandom(options.seed)
  let sent = 0
  let acknowledged = 0
  const send = (): void => {
    const subject = `${inputs}.a${pick(random, options.actors)}`
    publisher.publish(subject, politeInput(`i${sent++}`, random, options.payloadBytes), ({ seq }) => {
      if (seq !== undefined) acknowledged += 1
    })
  }
  const target = { send, publisher, records: watch }
  await pour(target, { forMs: run.warmUpMs })
  await watch.reached(acknowledged, LEVEL_MS_MAX)
  const before = acknowledged
  const { firstAtMs } = await pour(target, { forMs: options.seconds * 1_000 })
  const { atMs, value } = await watch.reached(acknowledged, LEVEL_MS_MAX)
  if (value > sent) throw new ColloquyError('bare_doubled', `the bare loop made ${value} records of ${sent} inputs`)
  return (acknowledged - before) / (atMs - firstAtMs) * 1_000
}

async function natsUrlOf({ settings }: BenchSystem): Promise<string> {
  return settings.NATS_URL ?? (await announced(settings.DATA_DIR))?.natsUrl ?? `nats://127.0.0.1:${settings.NATS_PORT}`
}

/** Starts the process; it ends with what is returned, or when we do: its stdin closes then. */
async function startLoop(args: readonly string[]): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, [LOOP, ...args], { stdio: 'pipe' })
  const said = text(child.stderr)
  const closed = once(child, 'close')
  const ready = once(createInterface({ input: child.stdout }), 'line')
  const ended = closed.then(async (): Promise<never> => {
    throw new ColloquyError('bare_failed', `the bare loop ended with ${child.exitCode}: ${await said}`)
  })
  ended.catch(() => undefined)
  await Promise.race([ready, ended])
  return async () => {
    child.stdin.end()
    await closed
  }
}
