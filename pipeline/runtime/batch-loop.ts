import type { InFlightLimiter } from './in-flight-limiter.ts'

/** What decides whether a batch is written now or goes on filling. */
export interface BatchState {
  readonly records: number
  /** How many times `waitMs` has passed since its first record. */
  readonly waits: number
  /** The limiter is full: nothing more is read before something is written. */
  readonly isBlocked: boolean
  /** Since the last write ended, and how long that took. */
  readonly restedMs: number
  readonly lastWriteMs: number
}

export interface BatchLoopOptions<Item, Batch> {
  /** Bounds the records that were added and are not yet written, and their bytes; the reader waits while it is full. */
  readonly inFlight: InFlightLimiter
  /** Aborts when the reading has ended: no other batch is begun. */
  readonly signal: AbortSignal
  /** Ends the reading with the first failure. */
  readonly fail: (error: unknown) => void
  /** The unit of age: the policy is asked again each time it has passed. */
  readonly waitMs: number
  create(): Batch
  /** To fill a batch; what it throws is thrown to the caller of `add`. */
  fill(batch: Batch, item: Item): void
  shouldFlush(state: BatchState): boolean
  /** Writes a batch and then moves the checkpoint. The records of a batch stay in flight until this settles. */
  write(batch: Batch): Promise<void>
}

export interface BatchLoop<Item> {
  add(item: Item, bytes: number): void
  readonly isWriting: boolean
  /** Does other work in the place of a write, which waits for it. Only while `isWriting` is false. */
  runInstead(work: Promise<void>): void
  /** Writes what is there without waiting for more: nothing new is read. */
  drain(): void
  /** Settles, without an error, when nothing is being written. After `signal` aborted no write follows. */
  whenWritten(): Promise<void>
}

interface Filling<Batch> {
  readonly batch: Batch
  /** Bytes of the records in it. */
  readonly sizes: number[]
  readonly clock: NodeJS.Timeout
  waits: number
}

/** Collects records into batches and writes one batch at a time, while the next one fills. When it does so is the policy's to say. */
export function createBatchLoop<Item, Batch>(options: BatchLoopOptions<Item, Batch>): BatchLoop<Item> {
  const { inFlight, signal, fail } = options
  let filling: Filling<Batch> | undefined
  let writing: Promise<void> | undefined
  let lastWrite = { endedMs: 0, tookMs: 0 }
  /** Asks again once the next batch has waited for as long as the last write took. */
  let rest: NodeJS.Timeout | undefined
  let isDraining = false

  const start = (): Filling<Batch> => {
    const started: Filling<Batch> = {
      batch: options.create(),
      sizes: [],
      waits: 0,
      clock: setInterval(() => {
        started.waits += 1
        flush()
      }, options.waitMs),
    }
    return started
  }
  const flush = (): void => {
    if (filling === undefined || writing !== undefined) return
    // It is read again by the next run; the reader must not wait for it to be written.
    if (signal.aborted) return fail(signal.reason)
    const { batch, sizes, clock, waits } = filling
    if (
      !isDraining
      && !options.shouldFlush({
        records: sizes.length,
        waits,
        isBlocked: inFlight.isFull,
        restedMs: performance.now() - lastWrite.endedMs,
        lastWriteMs: lastWrite.tookMs,
      })
    )
      return
    clearInterval(clock)
    filling = undefined
    occupy(write(batch, sizes))
  }
  const occupy = (work: Promise<void>): void => {
    writing = work.then(() => {
      writing = undefined
      flush()
    })
    // After a failure `writing` stays: nothing may be written behind what is missing.
    writing.catch(fail)
  }
  const write = async (batch: Batch, sizes: readonly number[]): Promise<void> => {
    const begunMs = performance.now()
    await options.write(batch)
    for (const size of sizes) inFlight.release(size)
    const endedMs = performance.now()
    lastWrite = { endedMs, tookMs: endedMs - begunMs }
    if (!signal.aborted) rest = setTimeout(flush, lastWrite.tookMs)
  }
  signal.addEventListener('abort', () => {
    clearInterval(filling?.clock)
    clearTimeout(rest)
    flush()
  })

  return {
    add(item, bytes) {
      inFlight.acquire(bytes)
      filling ??= start()
      options.fill(filling.batch, item)
      filling.sizes.push(bytes)
      flush()
    },
    get isWriting() {
      return writing !== undefined
    },
    runInstead: occupy,
    drain() {
      isDraining = true
      flush()
    },
    whenWritten: async () => writing?.catch(() => undefined),
  }
}
