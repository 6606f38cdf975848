import { createInterface } from 'node:readline'
import { politeInput } from '../../harness/inputs.ts'
import { createRandom, pick } from '../../harness/random.ts'

/** The only argument of a driver, as JSON. */
export interface DriverOptions {
  readonly actors: number
  readonly seed: number
  readonly payloadBytes: number
  /** Folder for the driver's files. */
  readonly folder: string
}

export interface Driven {
  /** Sends inputs at full speed for `forMs` milliseconds and waits until all are done. @returns their number */
  run(forMs: number, next: () => PeerInput): Promise<number>
  /** Compares the stored turns with all inputs sent. */
  check(): Promise<Kept>
}

export interface PeerInput {
  readonly actor: string
  /** An input as JSON. */
  readonly payload: string
}

export interface Kept {
  /** Inputs without a turn in the state of their conversation. */
  readonly lost: number
  /** Turns beyond the number of inputs sent. */
  readonly doubled: number
}

/**
 * Serves the harness over stdin and stdout, one line of JSON each way: `{"ms":…}` starts a run, `{"check":true}` a check; the end of stdin
 * exits.
 */
export async function drive(start: (options: DriverOptions) => Promise<Driven>): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? '{}') as DriverOptions
  const random = createRandom(options.seed)
  let sent = 0
  const next = (): PeerInput => ({
    actor: `a${pick(random, options.actors)}`,
    payload: politeInput(`i${sent++}`, random, options.payloadBytes),
  })
  const driven = await start(options)
  const answer = (value: object): void => {
    process.stdout.write(`${JSON.stringify(value)}\n`)
  }
  answer({ ready: true })
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as { ms?: number }
    if (request.ms === undefined) answer(await driven.check())
    else {
      const startedMs = performance.now()
      const turns = await driven.run(request.ms, next)
      answer({ turns, ms: performance.now() - startedMs })
    }
  }
  process.exit(0)
}

/** Compares the number of turns of each conversation with the number of its inputs. */
export function compare(sent: ReadonlyMap<string, number>, kept: (actor: string) => number): Kept {
  let [lost, doubled] = [0, 0]
  for (const [actor, count] of sent) {
    lost += Math.max(0, count - kept(actor))
    doubled += Math.max(0, kept(actor) - count)
  }
  return { lost, doubled }
}
