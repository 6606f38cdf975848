import { setTimeout as delay } from 'node:timers/promises'
import { createRandom, pick } from '../../harness/random.ts'
import { INPUT_ATTACKS, STORE_ATTACKS } from './attacks.ts'
import { between, type Fault, type NamedFault, type Observations, type Victims } from './fault.ts'
import { CLICKHOUSE_FAULTS, NATS_FAULTS } from './server-faults.ts'
import { WORKER_FAULTS } from './worker-faults.ts'

/** At most one fault of a family is active at a time; faults of different families overlap. */
const FAMILIES: readonly (readonly NamedFault[])[] = [WORKER_FAULTS, NATS_FAULTS, CLICKHOUSE_FAULTS, INPUT_ATTACKS, STORE_ATTACKS]
const GAP_MS_MAX = 2_000

/** Injects random faults until the signal aborts; settles when all servers run again. */
export async function injectFaults(victims: Victims, observed: Observations, random: () => number, signal: AbortSignal): Promise<void> {
  const draw = createDeck(victims, random)
  const busy = new Map<number, Promise<void>>()
  while (!signal.aborted) {
    const { name, family, fault } = draw()
    // Each fault has its own random numbers, so that they do not depend on the timing of concurrent faults.
    const own = createRandom(pick(random, 2 ** 32))
    const gapMs = between(random, 0, GAP_MS_MAX)
    await busy.get(family)
    if (signal.aborted) break
    const injected = fault(victims, observed, own).then((done) => {
      if (done) observed.injected[name] = (observed.injected[name] ?? 0) + 1
    })
    // Keeps Node from reporting the rejection as unhandled; the `await` below throws it.
    injected.catch(() => undefined)
    busy.set(family, injected)
    await delay(gapMs, undefined, { signal }).catch(() => undefined)
  }
  await Promise.all(busy.values())
}

interface Drawn {
  readonly name: string
  readonly family: number
  readonly fault: Fault
}

/** Draws every fault once before any fault repeats. */
function createDeck({ nats, isLong }: Victims, random: () => number): () => Drawn {
  const all = FAMILIES.flatMap((faults, family) =>
    faults.filter(([, , needs]) => needs !== 'cluster' || nats.size > 1).map(([name, fault, needs]) => ({ name, family, fault, needs })),
  )
  let deck: Drawn[] = all.filter(({ needs }) => needs !== 'time' || isLong)
  return () => {
    if (deck.length === 0) deck = all.filter(({ needs }) => needs !== 'time')
    const [drawn] = deck.splice(pick(random, deck.length), 1)
    if (drawn === undefined) throw new Error('no fault is applicable')
    return drawn
  }
}
