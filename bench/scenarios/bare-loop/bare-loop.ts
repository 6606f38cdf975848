import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { DiscardPolicy, StorageType, StoreCompression } from '@nats-io/jetstream'
import { ColloquyError } from '../../../schemas/errors.ts'
import { createBenchPublisher } from '../../harness/bench-publisher.ts'
import type { BenchOptions } from '../../harness/bench-scenario.ts'
import type { BenchSystem, NatsLogin } from '../../harness/bench-system.ts'
import { watchStream } from '../../harness/caught-up.ts'
import { CAUGHT_UP_MS_MAX, STARTED_MS_MAX, waitFor } from '../../harness/in-time.ts'
import { politeInput } from '../../harness/inputs.ts'
import { usageOfProcess } from '../../harness/process-usage.ts'
import { createRandom, pick } from '../../harness/random.ts'
import { saturate } from '../../harness/saturate.ts'

const LOOP = fileURLToPath(new URL('bare-worker.ts', import.meta.url))

/**
 * Runs the minimum work of a host of durable actors (bare-worker.ts), in another process and on streams that nothing else uses. `stop()`
 * deletes the streams.
 */
export interface BareLoop {
  /**
   * Publishes for `forMs` milliseconds and waits for the last record.
   *
   * @throws ColloquyError `not_level` if records are missing, `bare_doubled` if there are too many
   */
  run(forMs: number): Promise<BareRun>
  stop(): Promise<void>
}

export interface BareRun {
  /** Records per second, from the first input to the last record. */
  readonly perSecond: number
  /** Processor time of the loop's process; 0 on systems without /proc. */
  readonly cpuMicrosecondsPerTurn: number
}

/** Starts the bare loop on the system's nats-server, with the same inputs and the same publisher as the system's producer. */
export async function startBareLoop(system: BenchSystem, options: BenchOptions, name: string): Promise<BareLoop> {
  await using started = new AsyncDisposableStack()
  const { jsm, nc } = system
  const [inbox, log] = [`BARE_INBOX_${name}`, `BARE_LOG_${name}`]
  const [inputs, records] = [`bare.in.${name}`, `bare.log.${name}`]
  const config = { storage: StorageType.File, allow_direct: true, discard: DiscardPolicy.New }
  await jsm.streams.add({ ...config, name: inbox, subjects: [`${inputs}.*`] })
  started.defer(async () => {
    await jsm.streams.delete(inbox)
  })
  await jsm.streams.add({ ...config, name: log, subjects: [`${records}.*`], compression: StoreCompression.S2 })
  started.defer(async () => {
    await jsm.streams.delete(log)
  })
  const loop = await startLoop(await system.login(), [inbox, records])
  started.defer(loop.stop)

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
  const cpuSeconds = async (): Promise<number> => (await usageOfProcess(loop.pid))?.cpuSeconds ?? 0
  const stopping = started.move()
  return {
    async run(forMs) {
      const [before, cpuBefore] = [acknowledged, await cpuSeconds()]
      const { firstAtMs } = await saturate({ send, publisher, records: watch }, { forMs })
      const { atMs, value } = await watch.reached(acknowledged, CAUGHT_UP_MS_MAX)
      if (value > sent) throw new ColloquyError('bare_doubled', `the bare loop wrote ${value} records for ${sent} inputs`)
      const turns = acknowledged - before
      return { perSecond: (turns / (atMs - firstAtMs)) * 1_000, cpuMicrosecondsPerTurn: (((await cpuSeconds()) - cpuBefore) / turns) * 1e6 }
    },
    stop: () => stopping.disposeAsync(),
  }
}

/** Starts the process, which reads the login from stdin. It exits on `stop()`, or when this process exits and its stdin closes. */
async function startLoop(login: NatsLogin, args: readonly string[]): Promise<{ readonly pid: number; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [LOOP, ...args], { stdio: 'pipe' })
  const stderr = text(child.stderr)
  const closed = once(child, 'close')
  const ready = once(createInterface({ input: child.stdout }), 'line')
  const exited = closed.then(async (): Promise<never> => {
    throw new ColloquyError('bare_failed', `the bare loop exited with code ${child.exitCode}: ${await stderr}`)
  })
  exited.catch(() => undefined)
  child.stdin.write(`${JSON.stringify(login)}\n`)
  await waitFor(Promise.race([ready, exited]), STARTED_MS_MAX, () => 'the bare loop has not started')
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.stdin.end()
      await closed
    },
  }
}
