import { createHash, hash } from 'node:crypto'
import type { KV } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { ColloquyError } from '../../../schemas/errors.ts'
import { actorKey } from '../../../schemas/subjects.ts'
import { typedKey } from '../../jetstream/typed-kv.ts'
import { createSender } from '../../producer/input-sender.ts'
import { createInFlightLimiter } from '../../runtime/in-flight-limiter.ts'
import { createLowWatermark } from '../../runtime/low-watermark.ts'
import { periodicJob } from '../../runtime/periodic-job.ts'
import { acquireImportLock } from '../conversations/import-lock.ts'
import { createPacer } from '../pacer.ts'
import type { EventFile, WrongLine } from './event-file.ts'
import { createEventReader, type EventSchemas, type ReadEvent } from './read-event.ts'

export interface ImportEventsOptions {
  /** Connected with the rights of Colloquy's own processes. */
  readonly nc: NatsConnection
  readonly kv: KV
  readonly tenant: string
  /** Kind of the actors of lines that name none. */
  readonly kind: string
  readonly schemas: EventSchemas
  /** Path of the file, for those that wait for this import. */
  readonly name: string
  /** Name of the file among all that are imported. Default: by its first line, so that a file that grows stays the same one. */
  readonly source?: string | undefined
  /** Sends the other lines where some are wrong. Default: nothing is sent then. */
  readonly skipWrong: boolean
  readonly rate?: number | undefined
  readonly signal: AbortSignal
  readonly onWait: (why: string) => void
  readonly onProgress: (summary: ImportedEvents, bytes: number) => void
}

/** What became of a file. */
export interface ImportedEvents {
  /** The source of its inputs. */
  source: string
  /** Lines with an event. */
  events: number
  sent: number
  /** Lines that an earlier run has sent, as far as its place or INBOX tells: the last half second of a killed run may count as sent. */
  known: number
  wrong: number
  /** The first 100 of them. */
  wrongLines: WrongLine[]
  /** Time of sending. */
  seconds: number
}

/** Inputs under way at a time. */
const INPUTS_MAX = 1_024
const BYTES_MAX = 32 * 1024 * 1024
const LISTED_MAX = 100
/** Time after which the place is saved up to which all are sent: a killed import sends so much again at most. */
const SAVE_MS = 500

const stateSchema = z.object({
  /** Lines up to this one may be sent, and are known by this hash. */
  upTo: z.int().nonnegative(),
  sha256: z.string(),
  /** Lines up to this one are sent. */
  sent: z.int().nonnegative(),
})

/**
 * Sends the events of a file as live inputs. It reads the file twice: first it checks all lines, and then it sends them.
 *
 * Running it again changes nothing. Each input has the file as its source and its line as its sequence, so that an actor takes none twice,
 * however long ago that was. The hash of all lines that may have been sent is kept: a file that was changed there is refused, since the
 * sequences of its lines would be wrong.
 *
 * @throws ColloquyError `changed_file`; the reason of the signal
 */
export async function importEvents(file: EventFile, options: ImportEventsOptions): Promise<ImportedEvents> {
  const { nc, kv, tenant, kind, name, onWait, onProgress } = options
  await using resources = new AsyncDisposableStack()
  const lock = await acquireImportLock({ kv, tenant, kind, what: name, signal: options.signal, onWait })
  resources.defer(lock.release)
  const failed = new AbortController()
  const signal = AbortSignal.any([options.signal, lock.lost, failed.signal])
  const source = options.source ?? `import:${await firstLineHash(file)}`
  const key = typedKey(kv, `import-events.${tenant}.${kind}.${hash('sha256', source).slice(0, 32)}`, stateSchema)
  const before = (await key.get())?.value
  const reader = createEventReader({ tenant, kind, source, schemas: options.schemas, isCsv: file.isCsv })
  const summary: ImportedEvents = { source, events: 0, sent: 0, known: 0, wrong: 0, wrongLines: [], seconds: 0 }
  const checked = await check(file, { before, reader, summary, signal, onBytes: (bytes) => onProgress(summary, bytes / 2) })
  if (before !== undefined && checked.sha256Before !== before.sha256) {
    throw new ColloquyError(
      'changed_file',
      `${name} is not what was imported before as the source "${source}": its first ${before.upTo} lines have changed. Nothing was sent`,
    )
  }
  const sentBefore = before?.sent ?? 0
  const isNothingToDo = summary.events === 0 || checked.lastLine <= sentBefore
  if (isNothingToDo || (summary.wrong > 0 && !options.skipWrong)) return summary

  let saved = { upTo: checked.lastLine, sha256: checked.sha256, sent: sentBefore }
  const save = async (sent: number): Promise<void> => {
    saved = { ...saved, sent }
    await key.put(saved)
  }
  await save(saved.sent)
  const sender = createSender(nc, { onWait, signal })
  resources.defer(sender.close)
  const pace = createPacer(options.rate)
  const inFlight = createInFlightLimiter({ countMax: INPUTS_MAX, bytesMax: BYTES_MAX })
  const done = createLowWatermark(sentBefore)
  /** The last input under way of each actor: an actor would take an earlier line that comes later for a duplicate. */
  const chains = new Map<string, Promise<void>>()
  const saving = periodicJob(SAVE_MS, async () => {
    if (done.low > saved.sent) await save(done.low).catch((error: unknown) => failed.abort(error))
    return SAVE_MS
  })
  resources.defer(saving.stop)
  const startedMs = performance.now()
  const sendOne = async ({ line, address, input }: ReadEvent): Promise<void> => {
    await pace(signal)
    await lock.hold(signal)
    const { duplicate } = await sender.send(address, input)
    if (duplicate) summary.known += 1
    else summary.sent += 1
    done.finish(line)
  }
  const start = (event: ReadEvent): void => {
    const actor = actorKey(event.address)
    done.take(event.line)
    inFlight.acquire(event.bytes)
    const sent = (chains.get(actor) ?? Promise.resolve())
      .then(() => sendOne(event))
      .catch((error: unknown) => failed.abort(error))
      .finally(() => {
        if (chains.get(actor) === sent) chains.delete(actor)
        inFlight.release(event.bytes)
      })
    chains.set(actor, sent)
  }
  for await (const row of file.rows((bytes) => onProgress(summary, (file.bytesTotal + bytes) / 2))) {
    if (row.line > checked.lastLine) break
    if (row.line <= sentBefore) continue
    const event = reader(row)
    if ('input' in event) start(event)
    if (inFlight.isFull) await inFlight.whenAvailable()
    signal.throwIfAborted()
  }
  await inFlight.whenIdle()
  signal.throwIfAborted()
  await saving.stop()
  await save(checked.lastLine)
  summary.seconds = (performance.now() - startedMs) / 1_000
  return summary
}

interface CheckOptions {
  readonly before: z.infer<typeof stateSchema> | undefined
  readonly reader: ReturnType<typeof createEventReader>
  readonly summary: ImportedEvents
  readonly signal: AbortSignal
  readonly onBytes: (bytes: number) => void
}

/** Reads all lines, counts them, and lists those that are wrong. */
async function check(file: EventFile, { before, reader, summary, signal, onBytes }: CheckOptions) {
  const sha256 = createHash('sha256')
  let sha256Before: string | undefined
  let lastLine = 0
  for await (const row of file.rows(onBytes)) {
    signal.throwIfAborted()
    if (before !== undefined && row.line > before.upTo) sha256Before ??= sha256.copy().digest('hex')
    sha256.update(`${row.raw.length}:${row.raw}`)
    lastLine = row.line
    // What an earlier run has sent or left out is no news.
    const event = reader(row)
    if ('input' in event) {
      summary.events += 1
      if (row.line <= (before?.sent ?? 0)) summary.known += 1
    } else if (row.line > (before?.upTo ?? 0)) {
      summary.wrong += 1
      if (summary.wrongLines.length < LISTED_MAX) summary.wrongLines.push(event)
    }
  }
  const whole = sha256.digest('hex')
  return { lastLine, sha256: whole, sha256Before: sha256Before ?? whole }
}

async function firstLineHash(file: EventFile): Promise<string> {
  for await (const { raw } of file.rows()) return hash('sha256', raw).slice(0, 16)
  return 'empty'
}
