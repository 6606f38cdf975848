import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { ColloquyError } from '../../schemas/errors.ts'
import type { BenchOptions, PeerName } from '../harness/bench-scenario.ts'

/** A peer and its servers, which run in other processes. */
export interface Peer {
  /** Sends inputs at full speed for `forMs` milliseconds. @returns turns per second, from the first input until the last is done */
  run(forMs: number): Promise<number>
  /** Compares the stored turns with the inputs sent. */
  check(): Promise<z.infer<typeof keptSchema>>
  stop(): Promise<void>
}

const readySchema = z.object({ ready: z.literal(true) })
const ranSchema = z.object({ turns: z.number().positive(), ms: z.number() })
const keptSchema = z.object({ lost: z.number(), doubled: z.number() })

/** @throws ColloquyError `peer_failed` with the stderr of the peer; `run` and `check` throw it too */
export async function startPeer(name: PeerName, { actors, seed, payloadBytes }: BenchOptions): Promise<Peer> {
  await using started = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), `colloquy-bench-${name}-`))
  started.defer(() => rm(folder, { recursive: true, force: true }))
  const driver = fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url))
  const child = spawn(process.execPath, [driver, JSON.stringify({ actors, seed, payloadBytes, folder })], { stdio: 'pipe' })
  const closed = once(child, 'close')
  const stderr = text(child.stderr)
  started.defer(async () => {
    child.stdin.end()
    await closed
  })
  const exited = closed.then(async (): Promise<never> => {
    throw new ColloquyError('peer_failed', `${name} exited (${child.exitCode ?? child.signalCode}): ${await stderr}`)
  })
  exited.catch(() => undefined)
  child.stdin.on('error', () => undefined)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async <T>(schema: z.ZodType<T>): Promise<T> => {
    const { value } = (await Promise.race([lines.next(), exited])) as { value?: string }
    return schema.parse(JSON.parse(value ?? 'null'))
  }
  const ask = <T>(order: object, schema: z.ZodType<T>): Promise<T> => {
    child.stdin.write(`${JSON.stringify(order)}\n`)
    return answer(schema)
  }
  await answer(readySchema)
  const stopping = started.move()
  return {
    async run(forMs) {
      const { turns, ms } = await ask({ ms: forMs }, ranSchema)
      return (turns / ms) * 1_000
    },
    check: () => ask({ check: true }, keptSchema),
    stop: () => stopping.disposeAsync(),
  }
}
