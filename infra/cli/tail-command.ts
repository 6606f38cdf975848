import type { JsMsg } from '@nats-io/jetstream'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { logParser, type ParseLogMessage } from '../../pipeline/jetstream/log-message.ts'
import { openReader } from '../../pipeline/jetstream/ordered-reader.ts'
import { sequenceAt } from '../../pipeline/jetstream/sequence-at.ts'
import { parseJson } from '../../schemas/json.ts'
import { TOKEN } from '../../schemas/subjects.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { type Output, printable } from '../app/terminal-output.ts'
import { UTC } from '../reporting/questions/ask-question.ts'
import { timeArgument, type TimeInZone } from './period-flags.ts'
import { badRecordLine, clockText, entryJson, entryLine } from './record-text.ts'

interface Options extends JsonOption {
  readonly out?: true
  readonly since?: number
  readonly from?: TimeInZone
  readonly limit?: number
}

const FETCH_AHEAD_MAX = 500
/** Characters shown of an event. */
const SHOWN_CHARS_MAX = 300

/** `acme/support` → the tokens of the subjects of all actors of that kind. */
function filterArgument(text: string): string {
  const tokens = text.split('/')
  if (tokens.length > 3 || !tokens.every((token) => token === '*' || TOKEN.test(token))) {
    throw new InvalidArgumentError('It must be <tenant>[/<kind>[/<id>]]; * matches any.')
  }
  return tokens.join('.')
}

export const tailCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .argument('[filter]', '<tenant>[/<kind>[/<id>]]; * matches any', filterArgument)
    .option('--out', 'follow the events on OUT instead of the records of LOG')
    .option('--since <seq>', 'start at this sequence of LOG, or of OUT (default: only new ones)', wholeNumber(1))
    .addOption(
      new Option('--from <time>', 'start with what was stored then: 2026-11-01 or 2026-11-01T08:00:00Z; in UTC without a zone')
        .argParser(timeArgument)
        .conflicts('since'),
    )
    .option('--limit <n>', 'end after this many', wholeNumber(1))
    .option(JSON_FLAG, 'one JSON object per record: {seq, tenant, kind, id, …the record}; with --out {seq, subject, event}')
    .action(async (filter: string | undefined, options: Options) => {
      const stream = options.out ? 'OUT' : 'LOG'
      await withJetStream(settings().settings, async (jetstream) => {
        const startSeq = options.since ?? (await startOf(jetstream, stream, options.from?.(UTC)))
        const reader = await openReader(jetstream, {
          stream,
          filterSubjects: filter === undefined ? [] : [options.out ? eventsOf(filter) : recordsOf(filter)],
          startSeq,
          messagesMax: FETCH_AHEAD_MAX,
        })
        const print = options.out ? printEvent : printRecord(await logParser(jetstream))
        let left = options.limit ?? Infinity
        for await (const message of reader) {
          print(out, message, options)
          left -= 1
          if (left === 0) break
        }
      })
    })

async function startOf({ jsm }: JetStreamContext, stream: 'OUT' | 'LOG', from: Date | undefined): Promise<number> {
  return from === undefined ? (await jsm.streams.info(stream)).state.last_seq + 1 : sequenceAt(jsm, stream, from)
}

const recordsOf = (filter: string): string => `log.*.${filter}${filter.split('.').length < 3 ? '.>' : ''}`
const eventsOf = (filter: string): string => `out.${filter}.>`

const printRecord =
  (parse: ParseLogMessage) =>
  (out: Output, message: JsMsg, { json }: Options): void => {
    const entry = parse(message)
    if (entry.bad !== undefined) {
      if (json) out.json({ seq: entry.seq, bad: { why: entry.bad.why, subject: entry.bad.subject } })
      else out.line(badRecordLine(entry, out.paint))
    } else if (json) out.json(entryJson({ ...entry, record: entry.whole() ?? entry.record }))
    else out.line(entryLine(entry, out.paint))
  }

function printEvent(out: Output, message: JsMsg, { json }: Options): void {
  const [{ seq, subject, time }, text] = [message, message.string()]
  if (json) return out.json({ seq, subject, event: parseJson(text) ?? text })
  const [, tenant = '', kind = '', id = '', ...type] = subject.split('.')
  const shown = text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX).toWellFormed()}…` : text
  out.line(
    [
      out.paint('gray', String(seq).padStart(7)),
      out.paint('gray', clockText(time.toISOString())),
      out.paint('cyan', `${tenant}/${kind}/${id}`),
      out.paint('green', type.join('.')),
      printable(shown),
    ].join('  '),
  )
}
