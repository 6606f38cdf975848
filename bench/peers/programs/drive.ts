import { createInterface } from 'node:readline'
import { politeInput } from '../../harness/inputs.ts'
import { createRandom, pick } from '../../harness/random.ts'

/** What the harness tells a driver as its only argument. */
export interface Orders {
  readonly actors: number
  readonly seed: number
  readonly payloadBytes: number
  /** A folder for its files. */
  readonly folder: string
}

export interface Driven {
  /** Sends inputs as fast as they are taken, for so long, and waits until all of them are done. @returns how many those were */
  run(forMs: number, next: () => Sending): Promise<number>
  /** Of all that was sent, after the last run. */
  check(): Promise<Kept>
}

export interface Sending {
  readonly actor: string
  /** An input as JSON. */
  readonly payload: string
}

export interface Kept {
  /** Turns that are missing from the state of their conversation. */
  readonly lost: number
  /** Turns that it has beyond what was sent. */
  readonly doubled: number
}

/** Speaks with the harness: a line of JSON each way. `{"ms":…}` asks for a run, `{"check":true}` for what is there; the end of stdin ends it. */
export async function drive(start: (orders: Orders) => Promise<Driven>): Promise<void> {
  const orders = JSON.parse(process.argv[2] ?? '{}') as Orders
  const random = createRandom(orders.seed)
  let sent = 0
  const next = (): Sending => ({ actor: `a${pick(random, orders.actors)}`, payload: politeInput(`i${sent++}`, random, orders.payloadBytes) })
  const driven = await start(orders)
  const answer = (value: object): void => { process.stdout.write(`${JSON.stringify(value)}\n`) }
  answer({ ready: true })
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line) as { ms?: number }
    if (order.ms === undefined) answer(await driven.check())
    else {
      const begunMs = performance.now()
      const turns = await driven.run(order.ms, next)
      answer({ turns, ms: performance.now() - begunMs })
    }
  }
  process.exit(0)
}

/** Compares how many turns each conversation has with how many it was sent. */
export function compare(sent: ReadonlyMap<string, number>, kept: (actor: string) => number): Kept {
  let [lost, doubled] = [0, 0]
  for (const [actor, count] of sent) {
    lost += Math.max(0, count - kept(actor))
    doubled += Math.max(0, kept(actor) - count)
  }
  return { lost, doubled }
}
