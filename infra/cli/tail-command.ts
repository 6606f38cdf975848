import { Command, InvalidArgumentError } from 'commander'
import { logParser } from '../../pipeline/jetstream/log-message.ts'
import { openReader } from '../../pipeline/jetstream/ordered-reader.ts'
import { TOKEN } from '../../schemas/subjects.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { badRecordLine, entryJson, entryLine } from './record-text.ts'

interface Options extends JsonOption {
  readonly since?: number
  readonly limit?: number
}

const FETCH_AHEAD_MAX = 500

/** `acme/support` → the LOG subjects of all actors of that kind. */
function filterArgument(text: string): string {
  const tokens = text.split('/')
  if (tokens.length > 3 || !tokens.every((token) => token === '*' || TOKEN.test(token))) {
    throw new InvalidArgumentError('It must be <tenant>[/<kind>[/<id>]]; * matches any.')
  }
  return `log.*.${tokens.join('.')}${tokens.length < 3 ? '.>' : ''}`
}

export const tailCommand = ({ out, settings }: CommandContext): Command =>
  new Command('tail')
    .description('follow the log: one line per record')
    .argument('[filter]', '<tenant>[/<kind>[/<id>]]; * matches any', filterArgument)
    .option('--since <seq>', 'start at this LOG sequence (default: only new records)', wholeNumber(1))
    .option('--limit <n>', 'end after this many records', wholeNumber(1))
    .option(JSON_FLAG, 'one JSON object per record: {seq, tenant, kind, id, …the record}')
    .action(async (subjects: string | undefined, options: Options) => {
      await withJetStream(settings().settings, async (jetstream) => {
        const startSeq = options.since ?? (await jetstream.jsm.streams.info('LOG')).state.last_seq + 1
        const reader = await openReader(jetstream, {
          stream: 'LOG',
          filterSubjects: subjects === undefined ? [] : [subjects],
          startSeq,
          messagesMax: FETCH_AHEAD_MAX,
        })
        const parse = await logParser(jetstream)
        let left = options.limit ?? Infinity
        for await (const message of reader) {
          const entry = parse(message)
          if (entry.bad !== undefined) {
            if (options.json) out.json({ seq: entry.seq, bad: { why: entry.bad.why, subject: entry.bad.subject } })
            else out.line(badRecordLine(entry, out.paint))
          } else if (options.json) out.json(entryJson(entry))
          else out.line(entryLine(entry, out.paint))
          left -= 1
          if (left === 0) break
        }
      })
    })
