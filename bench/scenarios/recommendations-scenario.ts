import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { BenchOptions, Measured, OfflineScenario } from '../harness/bench-scenario.ts'
import { lastSeqOf, watchStream, watchTables } from '../harness/caught-up.ts'
import { CAUGHT_UP_MS_MAX, waitUntil } from '../harness/in-time.ts'
import { createProbe, percentilesOf, watchSubject } from '../harness/latency-probe.ts'
import { planMeasurement } from '../harness/measurement-plan.ts'
import { openLoop } from '../harness/open-loop.ts'
import { usageOf } from '../harness/process-usage.ts'
import { startProducing } from '../harness/producing-system.ts'
import { createRandom, pick } from '../harness/random.ts'
import { rounded } from '../harness/statistics.ts'
import { itemAt, popularOf } from './recommendations/shelf.ts'

/** Measures how soon a list of recommendations is given, and whether what was bought or withdrawn is in it. */
export const recommendations: OfflineScenario = {
  name: 'recommendations',
  about: 'Time from a question to its list, of 100,000 items, at 100 a second and as many signals, with --actors visitors.',
  actorsDefault: 2_000,
  secondsDefault: 30,
  measure,
}

const KINDS = fileURLToPath(new URL('recommendations/shelf-kinds.ts', import.meta.url))
const TENANT = 'bench-recommendations'
const ITEMS = 100_000
const ITEMS_PER_INPUT = 100
/** Signals of each visitor before the first question. */
const SIGNALS_BEFORE = 20
/** Questions a second, and signals. */
const RATE = 100
const LIST = 10
/** One in so many signals is a purchase of an item that was just shown. */
const BUYS_EVERY = 5
/** One in so many questions comes with the withdrawal of an item of the list that was given last. */
const WITHDRAWS_EVERY = 50
/** What is bought or withdrawn is in no list that is asked for so much later. */
const EXCLUDED_MS = 1_000

const recordSchema = z.object({ emitted: z.array(z.unknown()).default([]) })
const givenSchema = z.object({
  data: z.object({ replyTo: z.string(), items: z.array(z.object({ item: z.string() })), problem: z.string().optional() }),
})

async function measure({ seconds, actors, seed }: BenchOptions): Promise<Measured> {
  await using started = new AsyncDisposableStack()
  const { system, publisher, input } = await startProducing(TENANT, started, { CONFIG: KINDS })
  const random = createRandom(seed)
  const signal = (visitor: number, type: string, item: string): void => input('interest', `v${visitor}`, type, { item })

  const ask = (visitor: string, replyTo: string): void => input('interest', visitor, 'recommendations.asked', { count: LIST }, replyTo)

  let [recorded, emittedBefore] = [0, 0]
  const watching = await watchSubject(system.nc, `log.*.${TENANT}.>`, recordSchema, ({ emitted }) => {
    recorded++
    emittedBefore += emitted.length
  })
  let sent = 0
  for (let from = 0; from < ITEMS; from += ITEMS_PER_INPUT, sent++) {
    await publisher.whenAvailable()
    input('bench-shelf', 'shelf', 'shelf.filled', { from, count: ITEMS_PER_INPUT })
  }
  for (let index = 0; index < actors * SIGNALS_BEFORE; index++, sent++) {
    await publisher.whenAvailable()
    signal(index % actors, 'item.clicked', itemAt(popularOf(ITEMS, random)))
  }
  const total = sent
  await waitUntil(
    () => recorded >= total,
    CAUGHT_UP_MS_MAX,
    () => `${recorded} of ${total} inputs have a record`,
  )
  watching()
  // What it left to the dispatcher and to the tables would be measured with the lists.
  const [out, tables] = [await watchStream(system, 'OUT'), await watchTables(system)]
  await out.reached(emittedBefore, CAUGHT_UP_MS_MAX)
  await tables.reached(await lastSeqOf(system, 'LOG'), CAUGHT_UP_MS_MAX)
  await Promise.all([out.stop(), tables.stop()])

  // The first question of a tenant makes the index.
  const first = Promise.withResolvers<void>()
  const firstGiven = await watchSubject(system.nc, `out.${TENANT}.interest.first.recommendations.given`, givenSchema, ({ data }) => {
    if (data.items.length > 0) first.resolve()
    else ask('first', `again-${performance.now()}`)
  })
  ask('first', 'first')
  await first.promise
  firstGiven()

  const { rounds: windows, warmUpMs } = planMeasurement(seconds)
  const warmUpCount = Math.ceil((warmUpMs / 1_000) * RATE)
  const count = warmUpCount + seconds * RATE
  const probe = createProbe(windows)
  const asked = new Map<string, { readonly atMs: number; readonly window: number; readonly visitor: number }>()
  const withdrawn = new Map<string, number>()
  const bought = new Map<string, number>()
  const shown = new Map<number, readonly string[]>()
  let [given, problems, late, checked] = [0, 0, 0, 0]
  started.defer(
    await watchSubject(system.nc, `out.${TENANT}.interest.*.recommendations.given`, givenSchema, ({ data }, _, atMs) => {
      const question = asked.get(data.replyTo)
      if (question === undefined) return
      asked.delete(data.replyTo)
      given += 1
      if (data.problem !== undefined) problems += 1
      probe.record(question.window, atMs - question.atMs)
      const items = data.items.map(({ item }) => item)
      shown.set(question.visitor, items)
      for (const item of items) {
        const sinceMs = Math.min(withdrawn.get(item) ?? Infinity, bought.get(`${question.visitor} ${item}`) ?? Infinity)
        checked += 1
        if (question.atMs - sinceMs >= EXCLUDED_MS) late += 1
      }
    }),
  )
  const cpuBefore = await cpuSecondsOf(system.pids)
  const startedMs = performance.now()
  await openLoop({ rate: RATE, count }, (atMs, index) => {
    const visitor = pick(random, actors)
    const replyTo = `q${index}`
    asked.set(replyTo, { atMs, visitor, window: Math.floor(((index - warmUpCount) / (count - warmUpCount)) * windows) })
    ask(`v${visitor}`, replyTo)
    const [[buyer, [item] = []] = []] = shown
    if (index % BUYS_EVERY === 0 && buyer !== undefined && item !== undefined) {
      bought.set(`${buyer} ${item}`, atMs)
      signal(buyer, 'item.bought', item)
      if (index % WITHDRAWS_EVERY === 0) {
        withdrawn.set(item, atMs)
        input('bench-shelf', 'shelf', 'shelf.cleared', { item })
      }
      shown.delete(buyer)
    } else signal(pick(random, actors), 'item.clicked', itemAt(popularOf(ITEMS, random)))
  })
  const cpuSeconds = (await cpuSecondsOf(system.pids)) - cpuBefore
  const tookSeconds = (performance.now() - startedMs) / 1_000
  await publisher.settled()
  await waitUntil(
    () => given >= count,
    CAUGHT_UP_MS_MAX,
    () => `${given} of ${count} lists were given`,
  )
  const { figures, spread } = percentilesOf('given', probe)
  return {
    figures: {
      ...figures,
      items: ITEMS,
      lists: given,
      problems,
      processors: rounded(cpuSeconds / tookSeconds),
      withdrawn: withdrawn.size,
      bought: bought.size,
      itemsChecked: checked,
      notExcluded: late,
      refused: publisher.refused,
    },
    spread,
    notes: [
      'Open loop: a list counts from when its question was due to when a core subscription sees recommendations.given on its way into '
        + 'OUT. The question starts a task, whose outcome is an input of its own.',
      `Items have ${ITEMS} vectors, up to four topics of 500, and ${actors * SIGNALS_BEFORE} earlier signals; ${RATE} more come `
        + 'a second, beside the questions. All roles but embed run on the same machine as the harness.',
      `The questions begin when OUT and the tables have what the setup made. The first ${warmUpMs} ms of them do not count.`,
      `notExcluded: items in lists that were asked for ${EXCLUDED_MS} ms or more after the visitor bought them, or they were withdrawn.`,
    ],
  }
}

async function cpuSecondsOf(pids: readonly number[]): Promise<number> {
  const all = await usageOf(pids)
  return Object.values(all).reduce((sum, usage) => sum + usage.cpuSeconds, 0)
}
