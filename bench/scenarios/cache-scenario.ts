import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from '@nats-io/transport-node'
import { pino } from 'pino'
import { z } from 'zod'
import { openJetStream } from '../../infra/app/nats-access.ts'
import { startNatsServer } from '../../infra/servers/nats/nats-server.ts'
import { obtainNatsServer } from '../../infra/servers/nats/obtain-nats.ts'
import { loadSettings } from '../../infra/settings.ts'
import { EVICTIONS } from '../../pipeline/cache/process-memory.ts'
import { openSharedLevel } from '../../pipeline/cache/shared-level.ts'
import { type Cache, type CacheOptions, createCache, type ServedFrom } from '../../pipeline/cache/two-level-cache.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import { pollUntil } from '../../pipeline/runtime/poll-until.ts'
import type { BenchOptions, Measured, OfflineScenario } from '../harness/bench-scenario.ts'
import { quantile, rounded } from '../harness/statistics.ts'

/** Measures look-ups of the cache in both levels, over a nats-server of its own. */
export const cache: OfflineScenario = {
  name: 'cache',
  about: 'Look-ups of the cache in memory and in NATS, with values of a vector and of a search answer, one at a time and 32 at a time.',
  actorsDefault: 1,
  measure,
}

const KEYS = 1_000
const CONCURRENT = 32
const WARM_UP = 2_000
/** Characters of a vector of 384 dimensions in base64, and of a search answer with ten hits. */
const SIZES = { vector: 2_048, answer: 12_000 } as const
const READY_MS = 10_000
/** For the entries of a group to be stored. */
const FILL_PAUSE_MS = 5
const PASSES_MAX = 50

async function measure({ seconds }: BenchOptions): Promise<Measured> {
  await using open = new AsyncDisposableStack()
  const log = pino({ level: 'silent' })
  const dataDir = open.adopt(await mkdtemp(join(tmpdir(), 'colloquy-bench-')), (folder) => rm(folder, { recursive: true }))
  const { command: binary } = await obtainNatsServer({ cacheDir: loadSettings({}).settings.CACHE_DIR, log })
  const server = open.adopt(await startNatsServer({ dataDir, port: 0, binary, log, storageBytesMax: 1024 ** 3 }), (own) => own.stop())
  const nc = await connect({ servers: server.url, user: server.user, pass: server.password })
  const jetstream = open.adopt(await openJetStream(nc), (own) => own.close())
  const metrics = createMetrics()
  const shared = open.adopt(openSharedLevel({ jetstream, ttlMs: 3_600_000, bytesMax: 64 * 1024 ** 2, metrics, log, checkMs: 100 }), (own) =>
    own.stop(),
  )
  await pollUntil(() => Promise.resolve(shared.size()), { signal: AbortSignal.timeout(READY_MS) })

  const figures: Record<string, number> = {}
  const forMs = (seconds * 1_000) / (EVICTIONS.length + Object.keys(SIZES).length * 2)
  for (const eviction of EVICTIONS) {
    const own = await fill(() => cacheOf('memory', { eviction, metrics }), SIZES.answer, 'memory')
    note(figures, `memory${eviction === 'lru' ? 'Lru' : 'Lfu'}`, await lookUp(own, 'memory', 1, forMs))
  }
  for (const [name, size] of Object.entries(SIZES)) {
    await fill(() => cacheOf(name, { shared, metrics }), size, 'shared')
    for (const concurrent of [1, CONCURRENT]) {
      // Without memory of its own, each look-up goes to NATS.
      const reader = cacheOf(name, { shared, metrics, asksMin: { memory: Infinity, shared: Infinity }, bytesMax: 1 })
      const times = await lookUp(reader, 'shared', concurrent, forMs)
      note(figures, `shared${name === 'vector' ? 'Vector' : 'Answer'}${concurrent === 1 ? '' : `By${concurrent}`}`, times)
    }
  }
  return {
    figures,
    notes: [
      `${KEYS} keys in turn; times of a look-up with its hash, the check of the entry's hash and schema, and the metrics. The bucket is in `
        + 'the memory of a nats-server on the same machine. A vector has 2 KB, an answer 12 KB.',
      `By${CONCURRENT}: ${CONCURRENT} look-ups at a time.`,
    ],
  }
}

const cacheOf = (name: string, more: Partial<CacheOptions<string>> & Pick<CacheOptions<string>, 'metrics'>): Cache<string> =>
  createCache<string>({
    cache: name,
    version: 1,
    schema: z.string(),
    toJson: (value) => value,
    bytesOf: (value) => value.length,
    asksMin: { memory: 1, shared: 1 },
    eviction: 'lru',
    bytesMax: 64 * 1024 ** 2,
    ...more,
  })

const keyOf = (index: number) => ({ tenant: 'bench', parts: ['en', `question ${index % KEYS}`] })

/** Stores a value under each key, in as many passes as the shared level needs to take all. */
async function fill(create: () => Cache<string>, size: number, wanted: ServedFrom): Promise<Cache<string>> {
  const fillOne = () => Promise.resolve({ value: 'x'.repeat(size), isCacheable: true })
  for (let pass = 0, missing = KEYS; ; pass++) {
    const own = create()
    if (pass === PASSES_MAX) throw new Error(`${missing} of ${KEYS} values could not be stored in ${PASSES_MAX} passes`)
    const look = async (from: number): Promise<number> => {
      const some = Array.from({ length: Math.min(CONCURRENT, KEYS - from) }, (_, offset) => own.through(keyOf(from + offset), fillOne))
      return (await Promise.all(some)).filter((one) => one.from === 'filled').length
    }
    missing = 0
    for (let from = 0; from < KEYS; from += CONCURRENT) {
      missing += await look(from)
      await delay(FILL_PAUSE_MS)
    }
    if (missing === 0 || wanted === 'memory') return own
  }
}

/** @returns milliseconds of each look-up. @throws if one was no hit where it should be */
async function lookUp(own: Cache<string>, wanted: ServedFrom, concurrent: number, forMs: number): Promise<number[]> {
  const times: number[] = []
  let [index, misses] = [0, 0]
  const lookUpOne = async (isCounted: boolean): Promise<void> => {
    const startedAt = performance.now()
    const { from } = await own.through(keyOf(index++), () => Promise.resolve({ value: '', isCacheable: false }))
    if (isCounted) times.push(performance.now() - startedAt)
    if (from !== wanted) misses += 1
  }
  const round = (isCounted: boolean) => Promise.all(Array.from({ length: concurrent }, () => lookUpOne(isCounted)))
  while (index < WARM_UP) await round(false)
  misses = 0
  for (const until = performance.now() + forMs; performance.now() < until;) await round(true)
  if (misses > times.length / 100) throw new Error(`${misses} of ${times.length} look-ups had no hit in ${wanted}`)
  return times
}

function note(figures: Record<string, number>, name: string, times: readonly number[]): void {
  figures[`${name}P50Ms`] = rounded(quantile(times, 0.5))
  figures[`${name}P99Ms`] = rounded(quantile(times, 0.99))
  figures[`${name}LookUps`] = times.length
}
