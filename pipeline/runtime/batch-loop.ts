import type { InFlightLimiter } from './in-flight-limiter.ts'

/** The facts by which a stage decides whether to write a batch now. */
export interface BatchState {
  readonly records: number
  /** Bytes of the records, as passed to `add`. */
  readonly bytes: number
  /** The age of its first record in units of `waitMs`. */
  readonly waits: number
  /** The in-flight limiter is full: nothing is read until a batch is written. */
  readonly isBlocked: boolean
  /** The time since the last write ended, and its duration. */
  readonly restedMs: number
  readonly lastWriteMs: number
}

export interface BatchLoopOptions<Item, Batch> {
  /** Bounds the records that were added and not yet written, by count and bytes; the reader waits while it is full. */
  readonly inFlight: InFlightLimiter
  /** Aborts when reading has ended: no further batch starts. */
  readonly signal: AbortSignal
  /** Ends reading with the first failure. */
  readonly fail: (error: unknown) => void
  /** The unit of age: the decision is repeated after each. */
  readonly waitMs: number
  create(): Batch
  /** Adds a record to a batch. Its errors reach the caller of `add`. */
  fill(batch: Batch, item: Item): void
  shouldFlush(state: BatchState): boolean
  /** Writes a batch, then moves the checkpoint. The records of a batch stay in flight until this settles. */
  write(batch: Batch): Promise<void>
}

export interface BatchLoop<Item> {
  add(item: Item, bytes: number): void
  readonly isWriting: boolean
  /** Runs other work instead of a write; the next write waits for it. Only while `isWriting` is false. */
  runInstead(work: Promise<void>): void
  /** Writes the filling batch at once: nothing more will be read. */
  drain(): void
  /** Settles without an error when nothing is being written. No write follows after `signal` has aborted. */
  whenWritten(): Promise<void>
}

interface Filling<Batch> {
  readonly batch: Batch
  /** Bytes of its records. */
  readonly sizes: number[]
  readonly clock: NodeJS.Timeout
  bytes: number
  waits: number
}

/** Collects records into batches and writes one batch at a time while the next one fills. The stage decides when a batch is due. */
export function createBatchLoop<Item, Batch>(options: BatchLoopOptions<Item, Batch>): BatchLoop<Item> {
  const { inFlight, signal, fail } = options
  let filling: Filling<Batch> | undefined
  let writing: Promise<void> | undefined
  let lastWrite = { endedMs: 0, tookMs: 0 }
  /** Repeats the decision when the next batch has waited for as long as the last write took. */
  let rest: NodeJS.Timeout | undefined
  let isDraining = false

  const start = (): Filling<Batch> => {
    const started: Filling<Batch> = {
      batch: options.create(),
      sizes: [],
      bytes: 0,
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
    // The next run reads it again; the reader must not wait for its write.
    if (signal.aborted) return fail(signal.reason)
    const { batch, sizes, bytes, clock, waits } = filling
    if (
      !isDraining
      && !options.shouldFlush({
        records: sizes.length,
        bytes,
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
    // After a failure `writing` stays set: nothing may be written after a gap.
    writing.catch(fail)
  }
  const write = async (batch: Batch, sizes: readonly number[]): Promise<void> => {
    const startedMs = performance.now()
    await options.write(batch)
    for (const size of sizes) inFlight.release(size)
    const endedMs = performance.now()
    lastWrite = { endedMs, tookMs: endedMs - startedMs }
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
      filling.bytes += bytes
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
