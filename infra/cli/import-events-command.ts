import { openEvents, type WrongLine } from '../../pipeline/ingest/events/event-file.ts'
import { type ImportedEvents, importEvents } from '../../pipeline/ingest/events/import-events.ts'
import { counted } from '../../schemas/counted.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { CommandContext, JsonOption } from '../app/command-context.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { newestVersions } from '../app/kind-registry.ts'
import { openBucket } from '../app/prepare-streams.ts'
import { printable } from '../app/terminal-output.ts'
import { waitUntilTaken } from '../app/wait-until-taken.ts'
import { whileConnected } from '../app/while-connected.ts'
import { createBytesBar } from './bytes-bar.ts'

/** Options of `colloquy import` that a file of events has, too. */
export interface EventsOptions extends JsonOption {
  readonly tenant: string
  readonly kind: string
  readonly events?: string
  readonly source?: string
  readonly skipWrong?: true
  readonly rate?: number
  readonly wait?: true
  readonly timeoutMs: number
}

const RUN_AGAIN = 'not all events are sent: run the command again, which sends only what is missing'
/** Wrong lines that are printed. */
const PRINTED_MAX = 20

/** Sends the events of a file. @throws ColloquyError `no_such_kind`, `wrong_lines`, as `importEvents` does */
export async function importEventsCommand({ out, settings }: CommandContext, path: string, options: EventsOptions): Promise<void> {
  const { tenant, kind, source, rate } = options
  const { settings: effective } = settings()
  const file = await openEvents(path)
  await withJetStream(effective, async ({ nc }) => {
    const kv = await openBucket(nc)
    const kinds = new Map((await newestVersions(kv)).map(({ name, definition }) => [name, definition.events]))
    if (!kinds.has(kind)) throw new ColloquyError('no_such_kind', `no kind "${kind}" is in use; there are ${[...kinds.keys()].join(', ')}`)
    const bar = createBytesBar(out, file.bytesTotal, '{sent} sent')
    try {
      const summary = await whileConnected(nc, { again: RUN_AGAIN, onAway: bar.waits }, (signal) =>
        importEvents(file, {
          nc,
          kv,
          tenant,
          kind,
          schemas: kinds,
          name: path,
          source,
          skipWrong: options.skipWrong === true,
          rate,
          signal,
          onWait: bar.waits,
          onProgress: ({ sent, wrong }, bytes) => bar.update(bytes, { sent }, wrong === 0 ? '' : `${wrong} wrong`),
        }),
      )
      bar.stop()
      if (options.wait) await waitUntilTaken(effective, { ...options, onWait: out.note })
      const perSecond = summary.seconds === 0 ? 0 : Math.round(summary.sent / summary.seconds)
      if (options.json) out.json({ file: path, ...summary, perSecond })
      else out.line(summaryLine(summary, perSecond))
      if (summary.wrong > 0) throw new ColloquyError('wrong_lines', wrongText(summary, options.skipWrong === true))
    } finally {
      bar.stop()
    }
  })
}

function summaryLine({ events, sent, known, wrong }: ImportedEvents, perSecond: number): string {
  const rate = sent === 0 ? '' : `, ${perSecond}/s`
  return `${counted(events, 'event')}: ${sent} sent, ${known} already sent${wrong === 0 ? '' : `, ${counted(wrong, 'wrong line')}`}${rate}`
}

function wrongText({ wrong, wrongLines }: ImportedEvents, isSkipped: boolean): string {
  const text = ({ line, column, problem }: WrongLine): string => `  line ${line}, column ${column}: ${printable(problem)}`
  const more = wrong > PRINTED_MAX ? [`  and ${wrong - PRINTED_MAX} more`] : []
  const head = `${counted(wrong, 'line')} cannot be sent; ${isSkipped ? 'all others were' : 'nothing was sent'}:`
  return [head, ...wrongLines.slice(0, PRINTED_MAX).map(text), ...more].join('\n')
}
